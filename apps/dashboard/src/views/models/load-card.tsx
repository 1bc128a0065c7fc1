"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { useState } from "react";
import { Card } from "../../parts/card.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { Segmented } from "../../parts/segmented.tsx";
import { useWords } from "../../words/language.ts";
import { releaseWords } from "./words.ts";

const TENSORS = `# pip install safetensors numpy
from safetensors.numpy import load_file

tensors = load_file("model.safetensors")
for name, values in tensors.items():
    print(name, values.shape, values.dtype)`;

const python = (library: "onnx" | "torch" | "keras"): string => `# pip install numpy ${library === "onnx" ? "onnxruntime" : library}
# in the folder of the release, where load.py is
from load import load

model = load(".", "${library}")
print(model.predict(rows))  # dictionaries by field, a DataFrame, or an array`;

const TFJS = `import * as tf from "@tensorflow/tfjs";

const model = await tf.loadLayersModel("model.json");
model.predict(inputs).print();`;

/** Lines that load it, for each way that the release's files allow. */
export function LoadCard({ release: { files } }: { readonly release: ReleaseView }) {
  const words = useWords(releaseWords).load;
  const has = (name: string): boolean => files.some((file) => file.name === name);
  const loads = has("load.py");
  const ways = [
    ...(loads && has("model.onnx") ? [{ value: "onnx", text: "ONNX", code: python("onnx") }] : []),
    ...(loads ? [{ value: "torch", text: "PyTorch", code: python("torch") }] : []),
    ...(loads && has("model.keras") ? [{ value: "keras", text: "Keras", code: python("keras") }] : []),
    ...(has("model.json") ? [{ value: "tfjs", text: "TF.js", code: TFJS }] : []),
    ...(has("model.safetensors") ? [{ value: "tensors", text: words.tensors, code: TENSORS }] : []),
  ];
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const shown = ways.find(({ value }) => value === chosen) ?? ways[0];
  if (shown === undefined) return null;
  return (
    <Card title={words.title} padded>
      <div className="grid gap-2">
        {ways.length > 1 && <Segmented label={words.library} value={shown.value} onChange={setChosen} options={ways} />}
        <CodeLine code={shown.code} what={words.lines} />
      </div>
    </Card>
  );
}
