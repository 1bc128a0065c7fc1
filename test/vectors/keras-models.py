"""Models made and saved by Keras 3 itself, with inputs and its own outputs. Needs `keras` and one of its backends.

    python keras-models.py FOLDER            writes NAME.keras and figures.json there (test/vectors/keras-models)
    python keras-models.py FOLDER mobilenet  writes mobilenet.keras and its figures alone, which are too large to keep
"""
import io, json, os, sys, zipfile
import keras, numpy as np
from keras import layers as L

folder = sys.argv[1]
random = np.random.default_rng(20)


def scrambled(model):
    """Weights that let signals through, and statistics as after training."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, (keras.Model, L.Normalization)) or not layer.get_weights():
            continue
        norm = isinstance(layer, L.BatchNormalization)
        new = []
        for variable in layer.variables:
            shape = tuple(variable.shape)
            if norm:
                value = random.uniform(0.5, 1.5, shape) if variable.name in ("gamma", "moving_variance") else random.normal(0, 0.3, shape)
            elif len(shape) > 1:
                value = random.normal(0, 1.2 / np.sqrt(np.prod(shape[:-1])), shape)
            else:
                value = random.normal(0, 0.2, shape)
            if np.issubdtype(np.dtype(str(variable.dtype)), np.floating):
                variable.assign(value.astype("float32"))
    return model


def picture():
    """Padding of every kind, groups, pools, and a flatten that Dense and BatchNormalization follow."""
    return keras.Sequential([
        L.Input((9, 8, 3)),
        L.Rescaling(1 / 127.5, offset=-1),
        L.ZeroPadding2D(((0, 1), (1, 2))),
        L.Conv2D(4, 3, strides=2, activation="relu"),
        L.ZeroPadding2D(1),
        L.MaxPooling2D(3, strides=1),
        L.ZeroPadding2D(1),
        L.Conv2D(4, (3, 2), padding="same", groups=2, use_bias=False, activation="elu"),
        L.BatchNormalization(scale=False, epsilon=1e-2),
        L.AveragePooling2D(2, padding="same"),
        L.SeparableConv2D(3, 2, depth_multiplier=2, padding="same", activation="tanh"),
        L.Flatten(),
        L.BatchNormalization(center=False),
        L.Dropout(0.3),
        L.Dense(5, activation="gelu"),
        L.Dense(2),
    ])


def residual():
    """Sums, some of them by +, and an end as Keras's own MobileNets have it."""
    inputs = L.Input((6, 6, 3))
    x = L.Normalization(mean=[100.0, 110.0, 120.0], variance=[400.0, 500.0, 600.0])(inputs)
    x = L.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(x)
    x = L.BatchNormalization()(x)
    first = L.ReLU(6.0)(x)
    x = L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="swish")(first)
    x = L.Dense(4, use_bias=False, activation=L.ReLU())(x)
    second = L.Add()([first, x, first])
    x = second + L.Conv2D(4, 1, activation="relu6")(second)
    x = L.GlobalAveragePooling2D(keepdims=True)(x)
    x = L.Conv2D(3, 1, name="Predictions!")(x)
    x = L.Reshape((3,))(x)
    return keras.Model(inputs, x)


def signal():
    model = keras.Sequential([
        L.Input((24, 2)),
        L.Normalization(),
        L.Conv1D(4, 3, padding="causal", activation="sigmoid"),
        L.ZeroPadding1D((2, 1)),
        L.Conv1D(4, 3, groups=2, strides=2),
        L.DepthwiseConv1D(3, depth_multiplier=2),
        L.MaxPooling1D(2, strides=1, padding="same"),
        L.SeparableConv1D(5, 2),
        L.AveragePooling1D(2),
        L.Dense(4, activation="tanh"),
        L.GRU(3),
        L.Dense(1),
    ])
    model.layers[0].adapt(random.normal(0.5, 0.3, (50, 24, 2)).astype("float32"))
    return model


def transfer():
    """An encoder inside of a model, and a softmax at its end."""
    encoder = keras.Sequential([L.Input((6, 6, 1)), L.Conv2D(3, 3, activation="relu"), L.Conv2D(3, 2), L.GlobalMaxPooling2D()], name="encoder")
    inputs = L.Input((6, 6, 1))
    logits = L.Dense(2, name="logits")(L.Dropout(0.2)(encoder(inputs)))
    model = keras.Model(inputs, L.Activation("softmax")(logits))
    model.logits = keras.Model(inputs, logits)
    return model


def rows():
    """A signal flattened, and a classifier of probabilities."""
    return keras.Sequential([L.Input((6, 2)), L.Conv1D(3, 2, activation="relu"), L.Flatten(), L.Dense(1, activation="sigmoid")])


def save(name, model):
    path = os.path.join(folder, f"{name}.keras")
    model.save(path)
    with zipfile.ZipFile(path) as source:
        files = {entry: source.read(entry) for entry in source.namelist()}
    files["metadata.json"] = json.dumps({"keras_version": keras.__version__, "date_saved": "2026-01-01@00:00:00"}).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for entry, data in files.items():
            target.writestr(zipfile.ZipInfo(entry, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def figures(name, model, count=3):
    shape = (count, *model.input_shape[1:])
    # Whole numbers and simple fractions, which are short in JSON.
    x = random.integers(0, 256, shape).astype("float32") / (1 if name in ("picture", "residual") else 256)
    outputs = np.asarray(getattr(model, "logits", model)(x))
    if name == "rows":
        outputs = np.log(outputs.astype("float64") / (1 - outputs.astype("float64")))
    return {"shape": list(shape), "input": [int(v) if v == int(v) else float(v) for v in x.ravel()], "logits": [float(v) for v in outputs.ravel()]}


if sys.argv[2:] == ["mobilenet"]:
    model = scrambled(keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=1, classifier_activation=None))
    save("mobilenet", model)
    made = {"mobilenet": figures("mobilenet", model)}
else:
    made = {}
    for make in (picture, residual, signal, transfer, rows):
        keras.utils.clear_session()
        model = scrambled(make())
        save(make.__name__, model)
        made[make.__name__] = figures(make.__name__, model)
with open(os.path.join(folder, "figures.json"), "w") as file:
    json.dump(made, file)
