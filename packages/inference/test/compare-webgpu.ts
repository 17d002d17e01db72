/** Prints, as JSON, one model's answers on webgpu and on cpu, and the provider each engine really ran on. */
import { openEngine, type Provider } from "../src/index.ts";
import { convModel } from "./models.ts";

async function answer(provider: Provider): Promise<{ provider: Provider; logits: number[] }> {
  const engine = await openEngine({ name: provider, model: convModel(), providers: [provider] });
  const data = Float32Array.from({ length: 4 * 3 * 16 * 16 }, (_, i) => Math.sin(i * 0.37));
  const { outputs } = await engine.run({ x: { data, dims: [4, 3, 16, 16] } });
  await engine.close();
  return { provider: engine.provider, logits: [...(outputs.y!.data as Float32Array)] };
}

console.log(JSON.stringify([await answer("webgpu"), await answer("cpu")]));
