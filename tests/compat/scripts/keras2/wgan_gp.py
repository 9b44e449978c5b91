"""Learns to draw by a critic whose slope is kept near 1 (Gulrajani and others, 2017)."""
import argparse
from functools import partial

import numpy as np
from keras import backend as K
from keras.layers import Input
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Conv2D, Conv2DTranspose
from keras.layers.core import Dense, Flatten, Reshape
from keras.layers.merge import _Merge
from keras.layers.normalization import BatchNormalization
from keras.models import Model, Sequential
from keras.optimizers import Adam

BATCH = 4
CRITIC_STEPS = 2
PENALTY = 10


def wasserstein(y_true, y_pred):
    return K.mean(y_true * y_pred)


def gradient_penalty(y_true, y_pred, between, weight):
    gradients = K.gradients(K.sum(y_pred), between)
    norm = K.sqrt(K.sum(K.square(gradients)))
    return weight * K.square(1 - norm)


def penalty_by_sample(y_true, y_pred, between):
    slopes = K.gradients(y_pred, between)[0]
    squares = K.square(slopes)
    total = K.sum(squares, axis=np.arange(1, len(squares.shape)))
    return K.mean(K.square(1 - K.sqrt(total)))


class RandomWeightedAverage(_Merge):
    def _merge_function(self, inputs):
        weights = K.random_uniform((BATCH, 1, 1, 1))
        return (weights * inputs[0]) + ((1 - weights) * inputs[1])


def make_generator():
    model = Sequential()
    model.add(Dense(16, input_dim=6))
    model.add(LeakyReLU())
    model.add(Dense(4 * 2 * 2))
    model.add(BatchNormalization())
    model.add(LeakyReLU())
    if K.image_data_format() == 'channels_first':
        model.add(Reshape((4, 2, 2), input_shape=(16,)))
        axis = 1
    else:
        model.add(Reshape((2, 2, 4), input_shape=(16,)))
        axis = -1
    model.add(Conv2DTranspose(4, (5, 5), strides=2, padding='same'))
    model.add(BatchNormalization(axis=axis))
    model.add(LeakyReLU())
    model.add(Conv2D(1, (5, 5), padding='same', activation='tanh'))
    return model


def make_discriminator():
    model = Sequential()
    model.add(Conv2D(4, (5, 5), padding='same', input_shape=(4, 4, 1)))
    model.add(LeakyReLU())
    model.add(Conv2D(8, (3, 3), kernel_initializer='he_normal', strides=[2, 2]))
    model.add(LeakyReLU())
    model.add(Flatten())
    model.add(Dense(8, kernel_initializer='he_normal'))
    model.add(LeakyReLU())
    model.add(Dense(1, kernel_initializer='he_normal'))
    return model


parser = argparse.ArgumentParser()
parser.add_argument('--epochs', type=int, default=2)
args = parser.parse_args()

np.random.seed(3)
X_train = np.random.uniform(-1, 1, (16, 4, 4, 1)).astype(np.float32)
generator = make_generator()
discriminator = make_discriminator()

for layer in discriminator.layers:
    layer.trainable = False
discriminator.trainable = False
generator_input = Input(shape=(6,))
generator_layers = generator(generator_input)
discriminator_layers_for_generator = discriminator(generator_layers)
generator_model = Model(inputs=[generator_input], outputs=[discriminator_layers_for_generator])
generator_model.compile(optimizer=Adam(0.0001, beta_1=0.5, beta_2=0.9), loss=wasserstein)

for layer in discriminator.layers:
    layer.trainable = True
for layer in generator.layers:
    layer.trainable = False
discriminator.trainable = True
generator.trainable = False

real_samples = Input(shape=X_train.shape[1:])
noise_input = Input(shape=(6,))
generated = generator(noise_input)
output_from_generator = discriminator(generated)
output_from_real = discriminator(real_samples)
averaged = RandomWeightedAverage()([real_samples, generated])
averaged_out = discriminator(averaged)
partial_loss = partial(gradient_penalty, between=averaged, weight=PENALTY)
partial_loss.__name__ = 'gradient_penalty'
discriminator_model = Model(
    inputs=[real_samples, noise_input],
    outputs=[output_from_real, output_from_generator, averaged_out])
discriminator_model.compile(optimizer=Adam(0.0001, beta_1=0.5, beta_2=0.9),
                            loss=[wasserstein, wasserstein, partial_loss])

positive = np.ones((BATCH, 1), dtype=np.float32)
negative = -positive
dummy = np.zeros((BATCH, 1), dtype=np.float32)
before = [w.copy() for w in generator.get_weights()]
for epoch in range(args.epochs):
    np.random.shuffle(X_train)
    critic, made = [], []
    per = BATCH * CRITIC_STEPS
    for i in range(len(X_train) // per):
        part = X_train[i * per:(i + 1) * per]
        for j in range(CRITIC_STEPS):
            batch = part[j * BATCH:(j + 1) * BATCH]
            noise = np.random.rand(BATCH, 6).astype(np.float32)
            critic.append(discriminator_model.train_on_batch(
                [batch, noise], [positive, negative, dummy]))
        made.append(generator_model.train_on_batch(np.random.rand(BATCH, 6), positive))
    print('epoch', epoch, np.mean(critic, axis=0), np.mean(made))
assert np.isfinite(critic).all() and np.isfinite(made).all()
assert np.shape(critic) == (4, 4)
assert any(np.abs(a - b).max() > 0 for a, b in zip(before, generator.get_weights()))

# The penalty by sample, as other scripts write it.
by_sample = partial(penalty_by_sample, between=averaged)
by_sample.__name__ = 'gradient_penalty'
discriminator_model.compile(loss=[wasserstein, wasserstein, by_sample],
                            optimizer=Adam(), loss_weights=[1, 1, 10])
print(discriminator_model.train_on_batch([batch, noise], [positive, negative, dummy]))
print(discriminator_model.metrics_names)
