"""An autoencoder of residual blocks whose upsampling knows where the maxima were."""
from __future__ import print_function
import numpy as np
from keras.datasets import mnist
from keras.models import Model
from keras.layers import Activation
from keras.layers import UpSampling2D, Conv2D, MaxPooling2D
from keras.layers import Input, BatchNormalization, ELU
import keras.backend as K
from keras import layers


def convresblock(x, nfeats=4, ksize=3, nskipped=2, elu=True):
    y0 = Conv2D(nfeats, ksize, padding='same')(x)
    y = y0
    for i in range(nskipped):
        if elu:
            y = ELU()(y)
        else:
            y = BatchNormalization(axis=1)(y)
            y = Activation('relu')(y)
        y = Conv2D(nfeats, 1, padding='same')(y)
    return layers.add([y0, y])


def getwhere(x):
    y_prepool, y_postpool = x
    return K.gradients(K.sum(y_postpool), y_prepool)


if K.backend() == 'tensorflow':
    K.set_image_data_format('channels_first')
(x_train, _), (x_test, _) = mnist.load_data()
x_train = x_train[:32].reshape(-1, 1, 28, 28).astype('float32') / 255
x_test = x_test[:16].reshape(-1, 1, 28, 28).astype('float32') / 255
nfeats, nlayers, ksize = [1, 2, 4], 2, 3
pool_sizes = np.array([1, 1]) * 2
img_input = Input(shape=(1, 28, 28))
wheres = [None] * nlayers
y = img_input
for i in range(nlayers):
    y_prepool = convresblock(y, nfeats=nfeats[i + 1], ksize=ksize)
    y = MaxPooling2D(pool_size=(pool_sizes[i], pool_sizes[i]))(y_prepool)
    wheres[i] = layers.Lambda(getwhere, output_shape=lambda x: x[0])([y_prepool, y])
for i in range(nlayers):
    ind = nlayers - 1 - i
    y = UpSampling2D(size=(pool_sizes[ind], pool_sizes[ind]))(y)
    y = layers.multiply([y, wheres[ind]])
    y = convresblock(y, nfeats=nfeats[ind], ksize=ksize, elu=False)
y = Activation('hard_sigmoid')(y)
model = Model(img_input, y)
model.compile('adam', 'mse')
model.fit(x_train, x_train, validation_data=(x_test, x_test), batch_size=8, epochs=1)
assert model.predict(x_test).shape == x_test.shape
