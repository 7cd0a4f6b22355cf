// In the browser: loads the animate network on each runtime and times them turn by turn.
import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";

const SHAPES = {
  source_landmarks: [1, 478, 2], photo_small: [1, 64, 64, 3], source_drawing: [1, 64, 64, 11],
  motion_features: [1, 64, 64, 8], half: [1, 128, 128, 16], quarter: [1, 64, 64, 24], eighth: [1, 32, 32, 48],
  style: [1, 1, 1, 224], target_landmarks: [1, 478, 2], surroundings: [1, 16, 16, 3],
};
const arrays = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, Float32Array.from({ length: size }, (_, i) => (Math.sin(i * 12.9898) + 1) / 2)];
  }),
);

async function litert(precision, threads) {
  const model = await loadAndCompile(`/models/animate_${precision}.tflite`, {
    accelerator: "wasm", cpuOptions: { numThreads: threads },
  });
  const details = model.getInputDetails();
  const inputs = Object.fromEntries(
    details.map(({ name, shape }) => {
      const wanted = Object.keys(SHAPES).find((each) => name.includes(each) && SHAPES[each].join() === shape.join());
      return [name, new Tensor(arrays[wanted ?? name], Array.from(shape))];
    }),
  );
  return async () => {
    const outputs = await model.run(inputs);
    for (const tensor of Object.values(outputs)) {
      tensor.toTypedArray();
      tensor.delete();
    }
  };
}

async function onnx(precision, threads, providers) {
  const ort = self.ort;
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(`/models/animate_${precision}.onnx`, { executionProviders: providers });
  const inputs = Object.fromEntries(session.inputNames.map((name) => [name, new ort.Tensor("float32", arrays[name], SHAPES[name])]));
  return () => session.run(inputs);
}

self.addEventListener("unhandledrejection", ({ reason }) => self.postMessage([{ error: String(reason) }]));
self.onmessage = async ({ data: rounds }) => {
  // In a worker LiteRT.js would look for its files, and its threads for their script, beside this one.
  self.Module = {
    locateFile: (name) => `/litert/${name}`, mainScriptUrlOrBlob: "/litert/litert_wasm_threaded_internal.js",
  };
  await loadLiteRt("/litert/", { threads: true });
  importScripts("/ort/ort.all.min.js");
  self.ort.env.wasm.wasmPaths = "/ort/";
  const cases = {
    "LiteRT.js static int8, 2 threads": () => litert("int8-static", 2),
    "LiteRT.js int8, 2 threads": () => litert("int8", 2),
    "LiteRT.js fp32, 2 threads": () => litert("fp32", 2),
    "LiteRT.js static int8, 1 thread": () => litert("int8-static", 1),
    "LiteRT.js int8, 1 thread": () => litert("int8", 1),
    "onnxruntime-web fp32, WASM 2 threads": () => onnx("fp32", 2, ["wasm"]),
    "onnxruntime-web static int8, WASM 2 threads": () => onnx("int8-static", 2, ["wasm"]),
    "onnxruntime-web int8, WASM 2 threads": () => onnx("int8", 2, ["wasm"]),
  };
  if (navigator.gpu && (await navigator.gpu.requestAdapter())) cases["onnxruntime-web fp32, WebGPU"] = () => onnx("fp32", 2, ["webgpu"]);
  const loaded = [], rows = [];
  for (const [name, make] of Object.entries(cases)) {
    console.log(name);
    try {
      const run = await make();
      await run();
      loaded.push({ name, run, times: [] });
    } catch (error) {
      rows.push({ name, error: String(error).slice(0, 200) });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of loaded) {
      const start = performance.now();
      await entry.run();
      entry.times.push(performance.now() - start);
    }
  }
  for (const { name, times } of loaded) {
    times.sort((a, b) => a - b);
    rows.push({ name, least: +times[0].toFixed(1), median: +times[times.length >> 1].toFixed(1) });
  }
  self.postMessage(rows);
};
