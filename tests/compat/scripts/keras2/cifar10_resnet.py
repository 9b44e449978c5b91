"""A residual network whose learning rate falls, with the best weights kept in a file."""
from __future__ import print_function
import keras
from keras.layers import Dense, Conv2D, BatchNormalization, Activation
from keras.layers import AveragePooling2D, Input, Flatten
from keras.optimizers import Adam
from keras.callbacks import ModelCheckpoint, LearningRateScheduler
from keras.callbacks import ReduceLROnPlateau
from keras.preprocessing.image import ImageDataGenerator
from keras.regularizers import l2
from keras import backend as K
from keras.models import Model
from keras.datasets import cifar10
import numpy as np
import os
import tempfile

(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train, x_test = x_train[:32].astype('float32') / 255, x_test[:16].astype('float32') / 255
x_train_mean = np.mean(x_train, axis=0)
x_train -= x_train_mean
x_test -= x_train_mean
y_train = keras.utils.to_categorical(y_train[:32], 10)
y_test = keras.utils.to_categorical(y_test[:16], 10)


def lr_schedule(epoch):
    lr = 1e-3
    if epoch > 0:
        lr *= 1e-1
    print('Learning rate: ', lr)
    return lr


def resnet_layer(inputs, num_filters=4, kernel_size=3, strides=1, activation='relu',
                 batch_normalization=True, conv_first=True):
    conv = Conv2D(num_filters, kernel_size=kernel_size, strides=strides, padding='same',
                  kernel_initializer='he_normal', kernel_regularizer=l2(1e-4))
    x = inputs
    if conv_first:
        x = conv(x)
    if batch_normalization:
        x = BatchNormalization()(x)
    if activation is not None:
        x = Activation(activation)(x)
    return x if conv_first else conv(x)


inputs = Input(shape=x_train.shape[1:])
x = resnet_layer(inputs=inputs)
num_filters = 4
for stack in range(2):
    strides = 2 if stack > 0 else 1
    y = resnet_layer(inputs=x, num_filters=num_filters, strides=strides)
    y = resnet_layer(inputs=y, num_filters=num_filters, activation=None)
    if stack > 0:
        x = resnet_layer(inputs=x, num_filters=num_filters, kernel_size=1, strides=strides,
                         activation=None, batch_normalization=False)
    x = keras.layers.add([x, y])
    x = Activation('relu')(x)
    num_filters *= 2
x = resnet_layer(x, conv_first=False, kernel_size=1)
y = Flatten()(AveragePooling2D(pool_size=8)(x))
model = Model(inputs=inputs, outputs=Dense(10, activation='softmax',
                                           kernel_initializer='he_normal')(y))
model.compile(loss='categorical_crossentropy', optimizer=Adam(lr=lr_schedule(0)),
              metrics=['accuracy'])
model.summary()
filepath = os.path.join(tempfile.mkdtemp(), 'cifar10_resnet_model.{epoch:03d}.h5')
checkpoint = ModelCheckpoint(filepath=filepath, monitor='val_acc', verbose=1, save_best_only=True)
lr_reducer = ReduceLROnPlateau(factor=np.sqrt(0.1), cooldown=0, patience=5, min_lr=0.5e-6)
callbacks = [checkpoint, lr_reducer, LearningRateScheduler(lr_schedule)]
datagen = ImageDataGenerator(width_shift_range=0.1, height_shift_range=0.1, horizontal_flip=True)
datagen.fit(x_train)
model.fit_generator(datagen.flow(x_train, y_train, batch_size=16),
                    validation_data=(x_test, y_test), epochs=2, verbose=1, workers=4,
                    callbacks=callbacks)
assert os.path.exists(filepath.format(epoch=1))
assert abs(K.get_value(model.optimizer.lr) - 1e-4) < 1e-9
