export {
  type Answer,
  connectDevice,
  type Device,
  type DeviceOptions,
  type PublishOptions,
} from "./device.ts";
