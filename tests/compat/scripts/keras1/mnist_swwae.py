"""An autoencoder of residual blocks whose upsampling knows where the maxima were."""
from __future__ import print_function
import numpy as np
np.random.seed(1337)

from keras.datasets import mnist
from keras.models import Model
from keras.layers import Activation, merge
from keras.layers import UpSampling2D, Convolution2D, MaxPooling2D
from keras.layers import Input, BatchNormalization
import keras.backend as K


def convresblock(x, nfeats=4, ksize=3, nskipped=2):
    y0 = Convolution2D(nfeats, ksize, ksize, border_mode='same')(x)
    y = y0
    for i in range(nskipped):
        y = BatchNormalization(mode=0, axis=1)(y)
        y = Activation('relu')(y)
        y = Convolution2D(nfeats, ksize, ksize, border_mode='same')(y)
    return merge([y0, y], mode='sum')


def getwhere(x):
    y_prepool, y_postpool = x
    return K.gradients(K.sum(y_postpool), y_prepool)


K.set_image_dim_ordering('th')
(X_train, _), (X_test, _) = mnist.load_data()
X_train = X_train[:32].reshape(-1, 1, 28, 28).astype('float32') / 255
X_test = X_test[:16].reshape(-1, 1, 28, 28).astype('float32') / 255
pool_size, nfeats, nlayers, ksize = 2, [1, 2, 4], 2, 3
pool_sizes = np.array([1, 1]) * pool_size
img_input = Input(shape=(1, 28, 28))

wheres = [None] * nlayers
y = img_input
for i in range(nlayers):
    y_prepool = convresblock(y, nfeats=nfeats[i + 1], ksize=ksize)
    y = MaxPooling2D(pool_size=(pool_sizes[i], pool_sizes[i]))(y_prepool)
    wheres[i] = merge([y_prepool, y], mode=getwhere, output_shape=lambda x: x[0])
for i in range(nlayers):
    ind = nlayers - 1 - i
    y = UpSampling2D(size=(pool_sizes[ind], pool_sizes[ind]))(y)
    y = merge([y, wheres[ind]], mode='mul')
    y = convresblock(y, nfeats=nfeats[ind], ksize=ksize)
y = Activation('hard_sigmoid')(y)

model = Model(img_input, y)
model.compile('adam', 'mse')
model.fit(X_train, X_train, validation_data=(X_test, X_test), batch_size=8, nb_epoch=1)
assert model.predict(X_test).shape == X_test.shape
