"""Two networks play against each other; the drawn pictures have the class that is asked for."""
from __future__ import print_function
from collections import defaultdict
try:
    import cPickle as pickle
except ImportError:
    import pickle
from keras.datasets import mnist
from keras import layers
from keras.layers import Input, Dense, Reshape, Flatten, Embedding, Dropout
from keras.layers import BatchNormalization
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Conv2DTranspose, Conv2D
from keras.models import Sequential, Model
from keras.optimizers import Adam
from keras.utils.generic_utils import Progbar
import numpy as np

np.random.seed(1337)
num_classes, latent_size, epochs, batch_size = 10, 8, 1, 16


def build_generator(latent_size):
    cnn = Sequential()
    cnn.add(Dense(7 * 7 * 4, input_dim=latent_size, activation='relu'))
    cnn.add(Reshape((7, 7, 4)))
    cnn.add(Conv2DTranspose(4, 5, strides=2, padding='same', activation='relu',
                            kernel_initializer='glorot_normal'))
    cnn.add(BatchNormalization())
    cnn.add(Conv2DTranspose(1, 5, strides=2, padding='same', activation='tanh',
                            kernel_initializer='glorot_normal'))
    latent = Input(shape=(latent_size, ))
    image_class = Input(shape=(1,), dtype='int32')
    cls = Embedding(num_classes, latent_size, embeddings_initializer='glorot_normal')(image_class)
    h = layers.multiply([latent, Flatten()(cls)])
    return Model([latent, image_class], cnn(h))


def build_discriminator():
    cnn = Sequential()
    cnn.add(Conv2D(4, 3, padding='same', strides=2, input_shape=(28, 28, 1)))
    cnn.add(LeakyReLU(0.2))
    cnn.add(Dropout(0.3))
    cnn.add(Conv2D(4, 3, padding='same', strides=2))
    cnn.add(LeakyReLU(0.2))
    cnn.add(Flatten())
    image = Input(shape=(28, 28, 1))
    features = cnn(image)
    fake = Dense(1, activation='sigmoid', name='generation')(features)
    aux = Dense(num_classes, activation='softmax', name='auxiliary')(features)
    return Model(image, [fake, aux])


discriminator = build_discriminator()
discriminator.compile(optimizer=Adam(lr=0.0002, beta_1=0.5),
                      loss=['binary_crossentropy', 'sparse_categorical_crossentropy'])
discriminator.summary()
generator = build_generator(latent_size)
latent = Input(shape=(latent_size, ))
image_class = Input(shape=(1,), dtype='int32')
fake = generator([latent, image_class])
discriminator.trainable = False
fake, aux = discriminator(fake)
combined = Model([latent, image_class], [fake, aux])
combined.compile(optimizer=Adam(lr=0.0002, beta_1=0.5),
                 loss=['binary_crossentropy', 'sparse_categorical_crossentropy'])
combined.summary()

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = np.expand_dims((x_train[:48].astype(np.float32) - 127.5) / 127.5, axis=-1)
x_test = np.expand_dims((x_test[:16].astype(np.float32) - 127.5) / 127.5, axis=-1)
y_train, y_test = y_train[:48], y_test[:16]
train_history, test_history = defaultdict(list), defaultdict(list)
for epoch in range(1, epochs + 1):
    num_batches = int(np.ceil(x_train.shape[0] / float(batch_size)))
    progress_bar = Progbar(target=num_batches)
    epoch_gen_loss, epoch_disc_loss = [], []
    for index in range(num_batches):
        image_batch = x_train[index * batch_size:(index + 1) * batch_size]
        label_batch = y_train[index * batch_size:(index + 1) * batch_size]
        noise = np.random.uniform(-1, 1, (len(image_batch), latent_size))
        sampled_labels = np.random.randint(0, num_classes, len(image_batch))
        generated_images = generator.predict([noise, sampled_labels.reshape((-1, 1))], verbose=0)
        x = np.concatenate((image_batch, generated_images))
        soft_zero, soft_one = 0, 0.95
        y = np.array([soft_one] * len(image_batch) + [soft_zero] * len(image_batch))
        aux_y = np.concatenate((label_batch, sampled_labels), axis=0)
        disc_sample_weight = [np.ones(2 * len(image_batch)),
                              np.concatenate((np.ones(len(image_batch)) * 2,
                                              np.zeros(len(image_batch))))]
        epoch_disc_loss.append(discriminator.train_on_batch(
            x, [y, aux_y], sample_weight=disc_sample_weight))
        noise = np.random.uniform(-1, 1, (2 * len(image_batch), latent_size))
        sampled_labels = np.random.randint(0, num_classes, 2 * len(image_batch))
        trick = np.ones(2 * len(image_batch)) * soft_one
        epoch_gen_loss.append(combined.train_on_batch(
            [noise, sampled_labels.reshape((-1, 1))], [trick, sampled_labels]))
        progress_bar.update(index + 1)
    discriminator_test_loss = discriminator.evaluate(
        x_test, [np.ones(len(x_test)), y_test], verbose=False)
    test_history['discriminator'].append(discriminator_test_loss)
    train_history['generator'].append(np.mean(np.array(epoch_gen_loss), axis=0))
    train_history['discriminator'].append(np.mean(np.array(epoch_disc_loss), axis=0))
    print('{0:<22s} | {1}'.format('component', discriminator.metrics_names))
assert discriminator.metrics_names == ['loss', 'generation_loss', 'auxiliary_loss']
assert np.isfinite(train_history['generator']).all()
pickle.dumps({'train': train_history, 'test': test_history})
