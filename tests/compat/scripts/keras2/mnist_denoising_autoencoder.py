"""Digits without the noise that was put on them; the decoder mirrors the encoder's shapes."""
from __future__ import absolute_import, division, print_function
import keras
from keras.layers import Activation, Dense, Input
from keras.layers import Conv2D, Flatten
from keras.layers import Reshape, Conv2DTranspose
from keras.models import Model
from keras import backend as K
from keras.datasets import mnist
import numpy as np

np.random.seed(1337)
(x_train, _), (x_test, _) = mnist.load_data()
image_size = x_train.shape[1]
x_train = np.reshape(x_train[:64], [-1, image_size, image_size, 1]).astype('float32') / 255
x_test = np.reshape(x_test[:16], [-1, image_size, image_size, 1]).astype('float32') / 255
x_train_noisy = np.clip(x_train + np.random.normal(0.5, 0.5, x_train.shape), 0., 1.)
x_test_noisy = np.clip(x_test + np.random.normal(0.5, 0.5, x_test.shape), 0., 1.)

input_shape, kernel_size, latent_dim, layer_filters = (image_size, image_size, 1), 3, 4, [2, 4]
inputs = Input(shape=input_shape, name='encoder_input')
x = inputs
for filters in layer_filters:
    x = Conv2D(filters=filters, kernel_size=kernel_size, strides=2, activation='relu',
               padding='same')(x)
shape = K.int_shape(x)
latent = Dense(latent_dim, name='latent_vector')(Flatten()(x))
encoder = Model(inputs, latent, name='encoder')
encoder.summary()
latent_inputs = Input(shape=(latent_dim,), name='decoder_input')
x = Dense(shape[1] * shape[2] * shape[3])(latent_inputs)
x = Reshape((shape[1], shape[2], shape[3]))(x)
for filters in layer_filters[::-1]:
    x = Conv2DTranspose(filters=filters, kernel_size=kernel_size, strides=2, activation='relu',
                        padding='same')(x)
x = Conv2DTranspose(filters=1, kernel_size=kernel_size, padding='same')(x)
outputs = Activation('sigmoid', name='decoder_output')(x)
decoder = Model(latent_inputs, outputs, name='decoder')
autoencoder = Model(inputs, decoder(encoder(inputs)), name='autoencoder')
autoencoder.summary()
autoencoder.compile(loss='mse', optimizer='adam')
autoencoder.fit(x_train_noisy, x_train, validation_data=(x_test_noisy, x_test), epochs=1,
                batch_size=16)
assert autoencoder.predict(x_test_noisy).shape == x_test.shape
