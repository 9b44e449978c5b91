"""Learns five digits, freezes the convolutions, and learns the other five."""
from __future__ import print_function

import datetime
import keras
from keras.datasets import mnist
from keras.models import Sequential
from keras.layers import Dense, Dropout, Activation, Flatten
from keras.layers import Conv2D, MaxPooling2D
from keras import backend as K

now = datetime.datetime.now
batch_size, num_classes, epochs = 16, 5, 1
img_rows, img_cols, filters, pool_size, kernel_size = 28, 28, 4, 2, 3
if K.image_data_format() == 'channels_first':
    input_shape = (1, img_rows, img_cols)
else:
    input_shape = (img_rows, img_cols, 1)


def train_model(model, train, test, num_classes):
    x_train = train[0].reshape((train[0].shape[0],) + input_shape).astype('float32')
    x_test = test[0].reshape((test[0].shape[0],) + input_shape).astype('float32')
    x_train /= 255
    x_test /= 255
    y_train = keras.utils.to_categorical(train[1], num_classes)
    y_test = keras.utils.to_categorical(test[1], num_classes)
    model.compile(loss='categorical_crossentropy', optimizer='adadelta', metrics=['accuracy'])
    t = now()
    model.fit(x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=1,
              validation_data=(x_test, y_test))
    print('Training time: %s' % (now() - t))
    score = model.evaluate(x_test, y_test, verbose=0)
    print('Test score:', score[0], 'accuracy:', score[1])


(x_train, y_train), (x_test, y_test) = mnist.load_data()
feature_layers = [
    Conv2D(filters, kernel_size, padding='valid', input_shape=input_shape),
    Activation('relu'),
    Conv2D(filters, kernel_size),
    Activation('relu'),
    MaxPooling2D(pool_size=pool_size),
    Dropout(0.25),
    Flatten(),
]
classification_layers = [Dense(16), Activation('relu'), Dropout(0.5), Dense(num_classes),
                         Activation('softmax')]
model = Sequential(feature_layers + classification_layers)
train_model(model, (x_train[y_train < 5], y_train[y_train < 5]),
            (x_test[y_test < 5], y_test[y_test < 5]), num_classes)
kept = model.layers[0].get_weights()[0].copy()
for l in feature_layers:
    l.trainable = False
train_model(model, (x_train[y_train >= 5], y_train[y_train >= 5] - 5),
            (x_test[y_test >= 5], y_test[y_test >= 5] - 5), num_classes)
assert (kept == model.layers[0].get_weights()[0]).all()
