"""A layers model of TensorFlow.js as its own converter writes it from Keras 2, with Keras's outputs (test/vectors/tfjs-model).

    pip install --no-deps tensorflowjs; pip install tensorflow-cpu tf_keras h5py six; python tfjs-model.py FOLDER
"""
import importlib.util, json, os, sys, types

os.environ["TF_USE_LEGACY_KERAS"] = "1"
import h5py, numpy as np
import tf_keras as keras
from tf_keras import layers as L

# The package itself imports much that its converter of layers does not need.
where = os.path.dirname(importlib.util.find_spec("tensorflowjs").origin)
for name, path in (("tensorflowjs", where), ("tensorflowjs.converters", os.path.join(where, "converters"))):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
np.object, np.bool = object, bool
from tensorflowjs.converters import keras_h5_conversion as conversion

folder = sys.argv[1]
random = np.random.default_rng(3)
inputs = L.Input((6, 6, 3))
x = L.Rescaling(1 / 127.5, -1)(inputs)
x = L.ZeroPadding2D(((0, 1), (0, 1)))(x)
x = L.Conv2D(4, 3, strides=2, use_bias=False)(x)
x = L.BatchNormalization()(x)
first = L.ReLU(6.0)(x)
x = L.DepthwiseConv2D(3, padding="same", activation="relu")(first)
encoder = keras.Model(inputs, L.Flatten()(L.Add()([first, x])), name="encoder")
pixels = L.Input((6, 6, 3))
model = keras.Model(pixels, L.Dense(2)(L.Dropout(0.1)(encoder(pixels))))
for weight in model.weights:
    value = random.normal(0, 0.4, weight.shape)
    weight.assign(abs(value) + 0.5 if "variance" in weight.name or "gamma" in weight.name else value)

saved = os.path.join(folder, "model.h5")
model.save(saved)
with h5py.File(saved) as file:
    conversion.write_artifacts(*conversion.h5_merged_saved_model_to_tfjs_format(file), folder)
os.remove(saved)
x = random.integers(0, 256, (3, 6, 6, 3))
logits = [float(value) for value in np.asarray(model(x.astype("float32"))).ravel()]
with open(os.path.join(folder, "figures.json"), "w") as file:
    json.dump({"shape": list(x.shape), "input": x.ravel().tolist(), "logits": logits}, file)
