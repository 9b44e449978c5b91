"""A small convolutional network on handwritten digits, as scripts of 2016 are written.

    convdispatch run --api keras1 --backend numpy examples/mnist_cnn_keras1.py [EPOCHS]

It gets its digits where every Keras looks for them: `~/.keras/datasets/mnist.npz`.
"""

from __future__ import print_function

import sys

import numpy as np

np.random.seed(1337)

from keras import backend as K
from keras.datasets import mnist
from keras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.utils import np_utils

nb_epoch = int(sys.argv[1]) if len(sys.argv) > 1 else 12
rows, cols, nb_classes = 28, 28, 10

(X_train, y_train), (X_test, y_test) = mnist.load_data()
if K.image_dim_ordering() == "th":
    X_train = X_train.reshape(X_train.shape[0], 1, rows, cols)
    X_test = X_test.reshape(X_test.shape[0], 1, rows, cols)
    input_shape = (1, rows, cols)
else:
    X_train = X_train.reshape(X_train.shape[0], rows, cols, 1)
    X_test = X_test.reshape(X_test.shape[0], rows, cols, 1)
    input_shape = (rows, cols, 1)
X_train = X_train.astype("float32") / 255
X_test = X_test.astype("float32") / 255
print("X_train shape:", X_train.shape)
Y_train = np_utils.to_categorical(y_train, nb_classes)
Y_test = np_utils.to_categorical(y_test, nb_classes)

model = Sequential()
model.add(Convolution2D(32, 3, 3, border_mode="valid", input_shape=input_shape))
model.add(Activation("relu"))
model.add(Convolution2D(32, 3, 3))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(128))
model.add(Activation("relu"))
model.add(Dropout(0.5))
model.add(Dense(nb_classes))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])

model.fit(
    X_train, Y_train, batch_size=128, nb_epoch=nb_epoch, verbose=1, validation_data=(X_test, Y_test)
)
score = model.evaluate(X_test, Y_test, verbose=0)
print("Test score:", score[0])
print("Test accuracy:", score[1])
