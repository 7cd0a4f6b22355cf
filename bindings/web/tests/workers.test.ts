/** Calls between threads, and networks that run in another: what comes in which order, and what becomes of breakdowns. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PartManifest } from "../src/bundle.js";
import { type CalledWorker, Calls, type Scope, serve } from "../src/calls.js";
import { SquareCrop } from "../src/crop.js";
import { ValueError } from "../src/errors.js";
import { flip } from "../src/frame_reader.js";
import type { Network, Runtime, Tensors } from "../src/network.js";
import { newPicture } from "../src/picture.js";
import { PortraitPlayer } from "../src/portrait_player.js";
import { RemoteRuntime, serveRuntime } from "../src/remote_runtime.js";
import { SpreadNetwork } from "../src/spread_network.js";
import { Turns } from "../src/turns.js";

/** A worker and the scope in it, in one thread; messages are cloned and take a turn of the event loop. */
class Pair implements CalledWorker {
  onmessage: CalledWorker["onmessage"] = null;
  onmessageerror: CalledWorker["onmessageerror"] = null;
  onerror: CalledWorker["onerror"] = null;
  ended = false;
  readonly sent: unknown[] = [];
  readonly scope: Scope = {
    onmessage: null,
    postMessage: (message, { transfer }) => this.#later(message, transfer, () => this.onmessage),
  };

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.sent.push(message);
    this.#later(message, transfer, () => this.scope.onmessage);
  }

  terminate(): void {
    this.ended = true;
  }

  #later(message: unknown, transfer: Transferable[], to: () => ((event: MessageEvent) => void) | null): void {
    const data = structuredClone(message, { transfer: transfer as ArrayBuffer[] });
    setImmediate(() => this.ended || to()?.({ data } as MessageEvent));
  }
}

/** Something to wait for that the test lets happen. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

interface Example {
  slow: [number, number];
  whole: [undefined, string];
  broken: ["value" | "runtime", void];
}

function example() {
  const pair = new Pair(), gates = [gate(), gate()], log: string[] = [];
  serve<Example>(pair.scope, {
    handlers: {
      async slow(which) {
        log.push(`begin ${which}`);
        await gates[which]!.opened;
        log.push(`end ${which}`);
        return which;
      },
      async whole() {
        log.push("whole");
        return "done";
      },
      async broken(how) {
        throw how === "value" ? new ValueError("that is no use") : new RangeError("out of memory");
      },
    },
    overlapping: ["slow", "broken"],
  });
  return { pair, gates, log, calls: new Calls<Example>(pair, (reason) => new Error(`it stopped: ${reason}`)) };
}

test("overlapping calls do not wait for one another, others wait for all before them", async () => {
  const { calls, gates, log } = example();
  const asked = [calls.ask("slow", 0), calls.ask("slow", 1), calls.ask("whole", undefined), calls.ask("slow", 1)];
  await settle();
  assert.deepEqual(log, ["begin 0", "begin 1"]);
  gates[1]!.open();
  await settle();
  assert.deepEqual(log, ["begin 0", "begin 1", "end 1"]);
  gates[0]!.open();
  assert.deepEqual(await Promise.all(asked), [0, 1, "done", 1]);
  assert.deepEqual(log.slice(3), ["end 0", "whole", "begin 1", "end 1"]);
});

test("what the caller did wrong is told, and the worker goes on; a breakdown ends it and all that is asked", async () => {
  const { calls, pair } = example();
  await assert.rejects(calls.ask("broken", "value"), { name: "ValueError", message: "that is no use" });
  assert.equal(await calls.ask("whole", undefined), "done");
  const waiting = assert.rejects(calls.ask("slow", 0), /it stopped/);
  await assert.rejects(calls.ask("broken", "runtime"), /it stopped: out of memory/);
  await waiting;
  assert.ok(calls.crashed && pair.ended);
  await assert.rejects(calls.ask("whole", undefined), /it stopped/);
});

test("an error event of the worker fails what is asked of it", async () => {
  const { calls, pair } = example();
  const waiting = assert.rejects(calls.ask("slow", 0), /it stopped: its script could not be loaded/);
  pair.onerror!({ message: "" } as ErrorEvent);
  await waiting;
});

/** Doubles x and adds what is kept; tells which kept values it saw. */
class Doubling implements Network {
  readonly seen: (Tensors | undefined)[] = [];
  readonly gates: { readonly opened: Promise<void> }[];
  closed = 0;
  constructor(...gates: { readonly opened: Promise<void> }[]) {
    this.gates = gates;
  }
  async run(inputs: Tensors, kept?: Tensors): Promise<Record<string, Float32Array>> {
    this.seen.push(kept);
    await this.gates.shift()?.opened;
    return { y: inputs["x"]!.map((value) => value * 2 + (kept?.["added"]?.[0] ?? 0)) };
  }
  close(): void {
    this.closed++;
  }
}

const manifest: PartManifest = { file: "", format: "tflite", sha256: "", inputs: [], outputs: [] };

function remote(network: Network) {
  const pair = new Pair();
  const runtime: Runtime = {
    format: "tflite",
    load: async (content) => {
      if (!content.length) throw new ValueError("there is nothing in it");
      return network;
    },
    close: () => {},
  };
  serveRuntime(pair.scope, async (settings) => {
    assert.deepEqual(settings, { numThreads: 3 });
    return runtime;
  });
  return { pair, runtime: new RemoteRuntime(pair, { numThreads: 3 }) };
}

test("a network in another thread gives what it gives here; what stays is sent once", async () => {
  const doubling = new Doubling(), { pair, runtime } = remote(doubling);
  const network = await runtime.load(new Uint8Array(1), manifest, "a part", true);
  const one = { added: Float32Array.of(1) }, ten = { added: Float32Array.of(10) }, x = Float32Array.of(3);
  const results = await Promise.all([network.run({ x }), network.run({ x }, one), network.run({ x }, one), network.run({ x }, ten)]);
  assert.deepEqual(results.map(({ y }) => y![0]), [6, 7, 7, 16]);
  assert.equal(doubling.seen[1], doubling.seen[2]); // the same object: a runtime need not copy it again
  const values = pair.sent.map((message) => (message as { argument: { values?: Tensors } }).argument.values);
  assert.deepEqual(values.map((each) => each?.["added"]?.[0]), [undefined, undefined, undefined, 1, undefined, 10]); // opened, loaded, run
  network.close();
  await settle();
  assert.equal(doubling.closed, 1);
  await assert.rejects(runtime.load(new Uint8Array(0), manifest, "a part", true), { name: "ValueError", message: "there is nothing in it" });
});

test("a network whose worker breaks down fails, now and later", async () => {
  const { pair, runtime } = remote(new Doubling(gate()));
  const network = await runtime.load(new Uint8Array(1), manifest, "a part", true);
  const waiting = assert.rejects(network.run({ x: Float32Array.of(1) }), /the worker of the networks stopped: out of memory/);
  pair.onerror!({ message: "out of memory" } as ErrorEvent);
  await waiting;
  await assert.rejects(network.run({ x: Float32Array.of(1) }), /out of memory/);
});

test("a runtime that cannot be loaded is told to whom loads a network", async () => {
  const pair = new Pair();
  serveRuntime(pair.scope, () => Promise.reject(new Error("no such file")));
  await assert.rejects(new RemoteRuntime(pair).load(new Uint8Array(1), manifest, "a part", true), /no such file/);
});

test("copies of a network share the runs, and all are closed", async () => {
  const held = gate(), first = new Doubling(held), second = new Doubling(), spread = new SpreadNetwork([first, second]);
  const x = Float32Array.of(1), slow = spread.run({ x });
  await spread.run({ x });
  await spread.run({ x });
  assert.deepEqual([first.seen.length, second.seen.length], [1, 2]);
  held.open();
  assert.equal((await slow)["y"]![0], 2);
  spread.close();
  assert.deepEqual([first.closed, second.closed], [1, 1]);
});

test("turns are taken in order, whatever becomes of those before", async () => {
  const turns = new Turns(), done: number[] = [], held = gate();
  const first = turns.take(async () => {
    await held.opened;
    done.push(1);
    throw new Error("broken");
  });
  const second = turns.take(() => done.push(2));
  held.open();
  await assert.rejects(first, /broken/);
  await second;
  assert.deepEqual(done, [1, 2]);
});

/** An animate network that paints one level, in the order that the test wants. */
function painting(level: number): Record<string, Float32Array> {
  return {
    image: new Float32Array(256 * 256 * 3), flow: new Float32Array(256 * 256 * 2),
    mask: new Float32Array(256 * 256), painted: new Float32Array(256 * 256 * 3).fill(level / 255),
  };
}

test("frames come in the order asked for though the network ends out of order, and a held one is the last", async () => {
  const photo = newPicture(64, 64), crop = new SquareCrop(0, 0, 64), gates = [gate(), gate()], order: number[] = [];
  let count = 0;
  const animate: Network = {
    run: async () => {
      const which = count++;
      await gates[which]!.opened;
      return painting(100 + which);
    },
    close: () => {},
  };
  const none: Network = { run: async () => ({}), close: () => {} };
  const portrait = { photo, landmarks: new Float32Array(478 * 3).fill(20), crop, consent: undefined, inputs: {}, regions: [] };
  const player = new PortraitPlayer(portrait, { animate, retarget: { start: none, step: none, absolute: none, imageMode: none } }, {});
  const level = async (frame: ReturnType<PortraitPlayer["draw"]>, number: number): Promise<number> => {
    const { image } = await frame;
    order.push(number);
    return image.data[(32 * 64 + 32) * 4]!;
  };
  const face = new Float32Array(478 * 3);
  const levels = Promise.all([level(player.draw(face, 0), 0), level(player.draw(face, 1), 1), level(player.hold(2), 2)]);
  gates[1]!.open();
  await settle();
  assert.deepEqual(order, []);
  gates[0]!.open();
  assert.deepEqual(await levels, [100, 101, 101]);
  assert.deepEqual(order, [0, 1, 2]);
  assert.equal((await player.hold(3)).driverFound, false);
});

test("the first frame after a cut says so", async () => {
  const photo = newPicture(64, 64), crop = new SquareCrop(0, 0, 64), face = new Float32Array(478 * 3);
  const animate: Network = { run: async () => painting(90), close: () => {} }, none: Network = { run: async () => ({}), close: () => {} };
  const portrait = { photo, landmarks: new Float32Array(478 * 3).fill(20), crop, consent: undefined, inputs: {}, regions: [] };
  const player = new PortraitPlayer(portrait, { animate, retarget: { start: none, step: none, absolute: none, imageMode: none } }, {});
  Object.assign(player.retargeter, { restart: async () => {}, step: async () => face });
  const cuts = [(await player.frame(face, 0)).cut];
  for (const afterCut of [true, false]) {
    await player.anchored({ landmarks: face, glideMs: 500, afterCut }, [64, 64]);
    for (const time of [1, 2]) cuts.push((await player.frame(face, time)).cut);
  }
  assert.deepEqual(cuts, [false, true, false, false, false]);
  assert.equal((await player.hold(3)).cut, false);
});

test("a mirrored picture has left for right", () => {
  const picture = newPicture(3, 2);
  picture.data.set([1, 0, 0, 255, 2, 0, 0, 255, 3, 0, 0, 255, 4, 0, 0, 255, 5, 0, 0, 255, 6, 0, 0, 255]);
  flip(picture);
  assert.deepEqual([...picture.data].filter((_, i) => i % 4 === 0), [3, 2, 1, 6, 5, 4]);
});
