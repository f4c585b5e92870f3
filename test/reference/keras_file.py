"""Writes the fixtures of test/fixtures/keras with Keras itself, and what Keras predicts on fixed pixels.

Needs keras 3 and h5py, which the tests do not: they read what this script wrote. In an environment of its own:

    pip install keras==3.15.1 h5py jax
    KERAS_BACKEND=jax python test/reference/keras_file.py test/fixtures/keras

The small network has every layer of MobileNet-like classifiers that is read, with even inputs under "same" padding and
stride 2 (TensorFlow pads one side only there), and weights that no default could stand in for.
"""

import json
import os
import sys

os.environ.setdefault('KERAS_BACKEND', 'jax')

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

SIZE = 32
folder = sys.argv[1]
rng = np.random.default_rng(20)


def network():
    x = pixels = keras.Input((SIZE, SIZE, 3), name='image')
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(12, 3, strides=2, use_bias=False, name='stem')(x)
    x = layers.BatchNormalization(epsilon=1e-3, name='stem_bn')(x)
    x = layers.ReLU(6.0)(x)
    # an inverted residual
    y = layers.Conv2D(24, 1, padding='same', use_bias=False, name='expand')(x)
    y = layers.BatchNormalization(name='expand_bn')(y)
    y = layers.Activation('relu6')(y)
    y = layers.DepthwiseConv2D(3, padding='same', use_bias=False, name='depthwise')(y)
    y = layers.BatchNormalization(scale=False, name='depthwise_bn')(y)
    y = layers.ReLU(max_value=6.0)(y)
    y = layers.Conv2D(12, 1, use_bias=False, name='project')(y)
    y = layers.BatchNormalization(center=False, name='project_bn')(y)
    x = layers.Add()([x, y])
    # a squeeze-and-excite gate
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(4, 1, activation='swish', name='squeeze')(gate)
    gate = layers.Conv2D(12, 1, activation='sigmoid', name='excite')(gate)
    x = layers.Multiply()([x, gate])
    x = layers.SeparableConv2D(16, 3, strides=2, padding='same', depth_multiplier=2, name='separable')(x)
    x = layers.BatchNormalization(axis=-1, name='separable_bn')(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding='same', depth_multiplier=2, activation='tanh', name='wide')(x)
    left = layers.MaxPooling2D(3, strides=2, padding='same')(x)
    right = layers.AveragePooling2D(2)(x)
    x = layers.Concatenate()([left, right])
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(5, name='predictions')(x)
    return keras.Model(pixels, x, name='small')


def nested():
    """A backbone inside a Sequential, compiled and trained for a step, as transfer learning is written in Keras."""
    x = pixels = keras.Input((SIZE, SIZE, 3))
    for width in (6, 8):
        x = layers.Conv2D(width, 3, strides=2, padding='same', use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    backbone = keras.Model(pixels, x)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            backbone,
            layers.GlobalAveragePooling2D(),
            layers.Dense(6, activation='elu'),
            layers.Dense(4),
        ]
    )
    model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


# noise, and a picture that changes when it is turned or its channels are swapped
ramp = np.linspace(0, 255, SIZE)
picture = np.stack(np.broadcast_arrays(ramp[:, None], 255 - ramp[None, :] ** 2 / 255, 40.0), axis=-1)
images = np.stack([rng.integers(0, 256, (SIZE, SIZE, 3)), picture.round()]).astype('float32')


def write(name, model):
    for weight in model.weights:
        spread = rng.uniform(-0.5, 0.5, weight.shape)
        positive = any(part in weight.path for part in ('gamma', 'moving_variance'))
        weight.assign(spread + 1 if positive else spread)
    if model.compiled:
        model.fit(images, np.array([0, 1]), verbose=0)
    model.save(os.path.join(folder, f'{name}.keras'))
    return [[float(value) for value in row] for row in model.predict(images, verbose=0)]


logits = {'small': write('small', network()), 'nested': write('nested', nested())}
with open(os.path.join(folder, 'expected.json'), 'w') as file:
    pixels = images.astype(int).ravel().tolist()
    json.dump({'keras': keras.__version__, 'shape': images.shape, 'pixels': pixels, 'logits': logits}, file)
    file.write('\n')
print(logits)
