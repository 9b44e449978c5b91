"""Capsules behind convolutions: a layer of the script's own with routing, and a margin loss."""
from __future__ import print_function
from keras import activations
from keras import backend as K
from keras import utils
from keras.datasets import cifar10
from keras.layers import Conv2D, Dropout, AveragePooling2D, Input, Layer, Lambda, Reshape
from keras.models import Model
from keras.preprocessing.image import ImageDataGenerator


def squash(x, axis=-1):
    s_squared_norm = K.sum(K.square(x), axis, keepdims=True) + K.epsilon()
    return K.sqrt(s_squared_norm) / (0.5 + s_squared_norm) * x


def softmax(x, axis=-1):
    ex = K.exp(x - K.max(x, axis=axis, keepdims=True))
    return ex / K.sum(ex, axis=axis, keepdims=True)


def margin_loss(y_true, y_pred):
    lamb, margin = 0.5, 0.1
    return K.sum(y_true * K.square(K.relu(1 - margin - y_pred)) + lamb * (
        1 - y_true) * K.square(K.relu(y_pred - margin)), axis=-1)


class Capsule(Layer):
    def __init__(self, num_capsule, dim_capsule, routings=3, share_weights=True,
                 activation='squash', **kwargs):
        super(Capsule, self).__init__(**kwargs)
        self.num_capsule = num_capsule
        self.dim_capsule = dim_capsule
        self.routings = routings
        self.share_weights = share_weights
        self.activation = squash if activation == 'squash' else activations.get(activation)

    def build(self, input_shape):
        input_dim_capsule = input_shape[-1]
        width = self.num_capsule * self.dim_capsule
        if self.share_weights:
            shape = (1, input_dim_capsule, width)
        else:
            shape = (input_shape[-2], input_dim_capsule, width)
        self.kernel = self.add_weight(name='capsule_kernel', shape=shape,
                                      initializer='glorot_uniform', trainable=True)

    def call(self, inputs):
        if self.share_weights:
            hat_inputs = K.conv1d(inputs, self.kernel)
        else:
            hat_inputs = K.local_conv1d(inputs, self.kernel, [1], [1])
        batch_size = K.shape(inputs)[0]
        input_num_capsule = K.shape(inputs)[1]
        hat_inputs = K.reshape(hat_inputs, (batch_size, input_num_capsule, self.num_capsule,
                                            self.dim_capsule))
        hat_inputs = K.permute_dimensions(hat_inputs, (0, 2, 1, 3))
        b = K.zeros_like(hat_inputs[:, :, :, 0])
        for i in range(self.routings):
            c = softmax(b, 1)
            o = self.activation(K.batch_dot(c, hat_inputs, [2, 2]))
            if i < self.routings - 1:
                b = K.batch_dot(o, hat_inputs, [2, 3])
                if K.backend() == 'theano':
                    o = K.sum(o, axis=1)
        return o

    def compute_output_shape(self, input_shape):
        return (None, self.num_capsule, self.dim_capsule)


batch_size, num_classes, epochs = 16, 10, 1
(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train, x_test = x_train[:48].astype('float32') / 255, x_test[:16].astype('float32') / 255
y_train = utils.to_categorical(y_train[:48], num_classes)
y_test = utils.to_categorical(y_test[:16], num_classes)

input_image = Input(shape=(None, None, 3))
x = Conv2D(4, (3, 3), activation='relu')(input_image)
x = AveragePooling2D((4, 4))(x)
x = Dropout(0.1)(x)
x = Conv2D(8, (3, 3), activation='relu')(x)
x = Reshape((-1, 8))(x)
capsule = Capsule(num_classes, 4, 3, True)(x)
output = Lambda(lambda z: K.sqrt(K.sum(K.square(z), 2)))(capsule)
model = Model(inputs=input_image, outputs=output)
model.compile(loss=margin_loss, optimizer='adam', metrics=['accuracy'])
model.summary()
datagen = ImageDataGenerator(width_shift_range=0.1, height_shift_range=0.1, horizontal_flip=True)
datagen.fit(x_train)
model.fit_generator(datagen.flow(x_train, y_train, batch_size=batch_size), epochs=epochs,
                    validation_data=(x_test, y_test), workers=2)
assert model.predict(x_test).shape == (16, 10)
