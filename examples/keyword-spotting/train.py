# SPDX-License-Identifier: Apache-2.0
"""Trains the keyword network on words spoken by espeak-ng, and writes it and the test recordings beside this file.

    python train.py                  # keywords.onnx, recordings/*.wav
    python train.py --out /some/dir  # elsewhere
    python train.py --clips /a/dir   # keeps the synthesised words there for another time

Needs the program espeak-ng (1.51 was used) and the packages of scripts/train-examples/requirements.txt. Voices are
variants of espeak-ng; those of the tests are not among those of the training.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts/train-examples"))
import small_network  # noqa: E402

SEED = 4
KEYWORDS = ["yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"]
OTHERS = ["apple", "water", "seven", "music", "window", "garden", "table", "happy", "purple", "morning"]
OTHERS += ["cat", "tree", "four", "bird", "house", "light", "say", "note", "plan", "sing"]
TRAIN_VOICES = """
    Alex Alicia Andrea Andy Annie antonio belinda benjamin boris caleb david Denis Diogo ed edward Gene Henrique Hugo
    iven iven2 Jacky Lee linda marcelo Marco Mario max Michael michel mike pablo f2 f3 f5 m2 m3 m5 m7 m8 steph steph2 zac
    anika travis victor adam
""".split()
TEST_VOICES = "paul pedro quincy rob robert sandro shelby norbert f1 f4 m1 m4 m6 aunty miguel".split()
ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us-nyc"]
RATE = 16_000
TAKES = {"train": 2, "test": 2}
SHOWN = [("yes", "f4"), ("left", "robert"), ("stop", "aunty"), ("go", "pedro"), ("water", "m4")]

# What logMel() of tensorrt-node/ops is told in spot.mjs.
FRAME, HOP, FFT, MELS, FLOOR = 480, 320, 512, 32, 1e-6
FRAMES = RATE // HOP + 1


# --- Recordings -------------------------------------------------------------------------------------------------


def speak(word, voice, accent, speed, pitch):
    """One word as float32 of 16 kHz, silence at both ends cut off."""
    command = ["espeak-ng", "-v", f"{accent}+{voice}", "-s", str(speed), "-p", str(pitch), "--stdout", word]
    spoken = subprocess.run(command, capture_output=True, check=True).stdout
    # The header, of 44 bytes, does not know the length of what is written to a pipe.
    rate, samples = int.from_bytes(spoken[24:28], "little"), np.frombuffer(spoken[44:], np.int16) / 32768
    samples = scipy.signal.resample_poly(samples, RATE // 50, rate // 50)
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1][:RATE].astype(np.float32)


def speak_all(part, voices, folder):
    """[(samples, class)] of all words and voices; class 10 is any other word."""
    path = folder / f"{part}.npz" if folder else None
    if path and path.exists():
        kept = np.load(path)
        return [(kept[f"s{i}"], int(label)) for i, label in enumerate(kept["labels"])]
    rng = np.random.default_rng(SEED + len(part))
    jobs, labels = [], []
    for label, word in [*enumerate(KEYWORDS), *((len(KEYWORDS), word) for word in OTHERS)]:
        for voice in voices:
            for _ in range(TAKES[part]):
                jobs.append((word, voice, str(rng.choice(ACCENTS)), int(rng.integers(110, 230)), int(rng.integers(25, 75))))
                labels.append(label)
    with ThreadPoolExecutor(2) as pool:
        spoken = list(pool.map(lambda job: speak(*job), jobs))
    if path:
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, labels=np.array(labels), **{f"s{i}": samples for i, samples in enumerate(spoken)})
    return list(zip(spoken, labels))


def place(samples, rng):
    """One second with the word somewhere in it, at some level, with noise 8 to 40 dB below it."""
    second = np.zeros(RATE, np.float32)
    start = rng.integers(0, max(1, RATE - len(samples)))
    second[start : start + len(samples)] = samples
    noise = rng.standard_normal(RATE)
    # White, or with more energy at low frequencies.
    noise = scipy.signal.lfilter([1], [1, -rng.choice([0, 0.7, 0.95])], noise)
    level = np.sqrt((samples**2).mean() / (noise**2).mean()) * 10 ** (-rng.uniform(8, 40) / 20)
    second = (second + noise * level) * 10 ** (rng.uniform(-15, 0) / 20)
    return (second / max(1, np.abs(second).max())).astype(np.float32)


def log_mel(signals):
    """[n, samples] -> [n, mels, frames], as logMel() computes it: Slaney's scale, natural logarithm."""
    padded = np.pad(signals, ((0, 0), (FRAME // 2, FRAME // 2)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME, axis=1)[:, ::HOP]
    window = scipy.signal.get_window("hann", FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window, FFT)) ** 2
    return np.log(np.maximum(power @ mel_filters().T, FLOOR)).transpose(0, 2, 1).astype(np.float32)


def mel_filters():
    """Triangles over Hz, evenly spaced in Slaney's mels: linear to 1 kHz, then logarithmic."""
    step = np.log(6.4) / 27
    top = 15 + np.log(RATE / 2 / 1000) / step
    mels = np.linspace(0, top, MELS + 2)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    hz = np.arange(FFT // 2 + 1) * RATE / FFT
    left, middle, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    return np.maximum(0, np.minimum((hz - left) / (middle - left), (right - hz) / (right - middle)))


def examples_of(spoken, rng, copies):
    """Features [n, mels, frames, 1] and classes; some seconds have noise alone, which is class 10 too."""
    features, labels = [], []
    for _ in range(copies):
        seconds = [place(samples, rng) for samples, _ in spoken]
        noise = [place(rng.standard_normal(4000).astype(np.float32) * 1e-3, rng) for _ in range(len(spoken) // 30)]
        features.append(log_mel(np.stack(seconds + noise)))
        labels += [label for _, label in spoken] + [len(KEYWORDS)] * len(noise)
    return np.concatenate(features)[..., None], np.array(labels, np.int32)


# --- Network ----------------------------------------------------------------------------------------------------


def network(layers, x):
    """[n, mels, frames, 1] -> [n, 11]"""
    x = layers.relu(layers.conv("stem", x, 16, stride=2))
    x = layers.relu(layers.conv("second", x, 32, stride=2))
    x = layers.relu(layers.conv("third", x, 64, stride=2))
    x = layers.relu(layers.conv("fourth", x, 96))
    return layers.linear("fc", layers.global_mean(x), len(KEYWORDS) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--clips", type=Path)
    arguments = parser.parse_args()
    out, clips = arguments.out, arguments.clips
    rng = np.random.default_rng(SEED)
    inputs, labels = examples_of(speak_all("train", TRAIN_VOICES, clips), rng, copies=6)
    print(f"{len(inputs)} seconds of training", flush=True)

    # There are twice as many seconds of other words: keywords are drawn more often.
    chance = np.where(labels == len(KEYWORDS), 1, 2.5)
    chance = chance / chance.sum()

    def batch_of(rng):
        picked = rng.choice(len(inputs), 64, p=chance)
        return inputs[picked], labels[picked]

    parameters = small_network.fit(
        network, batch_of=batch_of, loss=small_network.cross_entropy, steps=3500, peak_rate=4e-3, seed=SEED
    )
    test_inputs, test_labels = examples_of(speak_all("test", TEST_VOICES, clips), np.random.default_rng(SEED + 1), 1)
    found = small_network.predictor(network, parameters)(test_inputs).argmax(1)
    print(f"voices that were not trained on: {(found == test_labels).mean():.4f} of {len(found)} seconds right")
    spoken = test_labels < len(KEYWORDS)
    print(f"  keywords {(found[spoken] == test_labels[spoken]).mean():.4f} of {spoken.sum()}")
    for label, word in enumerate([*KEYWORDS, "(other)"]):
        mask = test_labels == label
        print(f"  {word:8s} {(found[mask] == label).mean():.4f} of {mask.sum()}")
    out.mkdir(parents=True, exist_ok=True)
    dims = ("features", [1, MELS, FRAMES]), ("logits", [len(KEYWORDS) + 1])
    small_network.export(network, parameters, path=out / "keywords.onnx", input=dims[0], output=dims[1])
    (out / "recordings").mkdir(exist_ok=True)
    for word, voice in SHOWN:
        second = place(speak(word, voice, "en-us", 160, 50), np.random.default_rng(len(word)))
        scipy.io.wavfile.write(out / "recordings" / f"{word}.wav", RATE, (second * 32767).round().astype(np.int16))


if __name__ == "__main__":
    main()
