import assert from "node:assert/strict";
import { it } from "node:test";
import { decodePlanes } from "@meanet/image";
