"""A variational autoencoder whose loss the model adds itself."""
from __future__ import absolute_import, division, print_function
from keras.layers import Dense, Input
from keras.layers import Conv2D, Flatten, Lambda
from keras.layers import Reshape, Conv2DTranspose
from keras.models import Model
from keras.datasets import mnist
from keras.losses import mse, binary_crossentropy
from keras import backend as K
import numpy as np
import os
import tempfile


def sampling(args):
    z_mean, z_log_var = args
    batch = K.shape(z_mean)[0]
    dim = K.int_shape(z_mean)[1]
    epsilon = K.random_normal(shape=(batch, dim))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


(x_train, y_train), (x_test, y_test) = mnist.load_data()
image_size = x_train.shape[1]
x_train = np.reshape(x_train[:48], [-1, image_size, image_size, 1]).astype('float32') / 255
x_test = np.reshape(x_test[:16], [-1, image_size, image_size, 1]).astype('float32') / 255
input_shape, filters, latent_dim = (image_size, image_size, 1), 2, 2

inputs = Input(shape=input_shape, name='encoder_input')
x = inputs
for i in range(2):
    filters *= 2
    x = Conv2D(filters=filters, kernel_size=3, activation='relu', strides=2, padding='same')(x)
shape = K.int_shape(x)
x = Dense(8, activation='relu')(Flatten()(x))
z_mean = Dense(latent_dim, name='z_mean')(x)
z_log_var = Dense(latent_dim, name='z_log_var')(x)
z = Lambda(sampling, output_shape=(latent_dim,), name='z')([z_mean, z_log_var])
encoder = Model(inputs, [z_mean, z_log_var, z], name='encoder')
encoder.summary()
latent_inputs = Input(shape=(latent_dim,), name='z_sampling')
x = Dense(shape[1] * shape[2] * shape[3], activation='relu')(latent_inputs)
x = Reshape((shape[1], shape[2], shape[3]))(x)
for i in range(2):
    x = Conv2DTranspose(filters=filters, kernel_size=3, activation='relu', strides=2,
                        padding='same')(x)
    filters //= 2
outputs = Conv2DTranspose(filters=1, kernel_size=3, activation='sigmoid', padding='same',
                          name='decoder_output')(x)
decoder = Model(latent_inputs, outputs, name='decoder')
outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name='vae')
for is_squared in (True, False):
    score = mse if is_squared else binary_crossentropy
    reconstruction_loss = score(K.flatten(inputs), K.flatten(outputs))
    reconstruction_loss *= image_size * image_size
    kl_loss = 1 + z_log_var - K.square(z_mean) - K.exp(z_log_var)
    kl_loss = K.sum(kl_loss, axis=-1)
    kl_loss *= -0.5
vae_loss = K.mean(reconstruction_loss + kl_loss)
vae.add_loss(vae_loss)
vae.compile(optimizer='rmsprop')
vae.summary()
vae.fit(x_train, epochs=1, batch_size=16, validation_data=(x_test, None))
path = os.path.join(tempfile.mkdtemp(), 'vae.h5')
vae.save_weights(path)
kept, _, _ = encoder.predict(x_test, batch_size=16)
vae.load_weights(path)
assert np.array_equal(encoder.predict(x_test, batch_size=16)[0], kept)
assert decoder.predict(np.array([[0.5, -0.5]])).shape == (1, 28, 28, 1)
