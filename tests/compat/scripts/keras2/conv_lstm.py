"""The next frame of a film of moving squares."""
from keras.models import Sequential
from keras.layers.convolutional import Conv3D
from keras.layers.convolutional_recurrent import ConvLSTM2D
from keras.layers.normalization import BatchNormalization
import numpy as np

seq = Sequential()
seq.add(ConvLSTM2D(filters=3, kernel_size=(3, 3), input_shape=(None, 10, 10, 1), padding='same',
                   return_sequences=True))
seq.add(BatchNormalization())
seq.add(ConvLSTM2D(filters=3, kernel_size=(3, 3), padding='same', return_sequences=True))
seq.add(BatchNormalization())
seq.add(Conv3D(filters=1, kernel_size=(3, 3, 3), activation='sigmoid', padding='same',
               data_format='channels_last'))
seq.compile(loss='binary_crossentropy', optimizer='adadelta')


def generate_movies(n_samples=12, n_frames=5):
    noisy = np.zeros((n_samples, n_frames, 10, 10, 1), dtype=float)
    shifted = np.zeros((n_samples, n_frames, 10, 10, 1), dtype=float)
    for i in range(n_samples):
        x, y = np.random.randint(2, 8, 2)
        for t in range(n_frames):
            noisy[i, t, x - 1:x + 1, y - 1:y + 1, 0] += 1
            x, y = min(x + 1, 9), y
            shifted[i, t, x - 1:x + 1, y - 1:y + 1, 0] += 1
    return np.clip(noisy, 0, 1), np.clip(shifted, 0, 1)


noisy_movies, shifted_movies = generate_movies()
seq.fit(noisy_movies[:10], shifted_movies[:10], batch_size=5, epochs=1, validation_split=0.2)
track = noisy_movies[11][:3, ::, ::, ::]
for j in range(2):
    new_pos = seq.predict(track[np.newaxis, ::, ::, ::, ::])
    new = new_pos[::, -1, ::, ::, ::]
    track = np.concatenate((track, new), axis=0)
assert track.shape == (5, 10, 10, 1)
