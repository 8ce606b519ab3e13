# SPDX-License-Identifier: Apache-2.0
"""Records what SciPy, librosa and transformers make of a short signal, for test/native/ops/signals-*.test.ts.

    pip install -r scripts/references/requirements.txt
    python scripts/references/signals.py

Each case: options as the operators take them, shape and values (float32, base64) of the independent result.
"""

import base64
import json
import pathlib

import librosa
import numpy
import scipy
import scipy.fft
import scipy.signal
import transformers
from transformers import WhisperFeatureExtractor
from transformers.audio_utils import mel_filter_bank, spectrogram

TARGET = pathlib.Path(__file__).parents[2] / "test/references/signals/signals.json"


def make_signal():
    """A rising tone, a steady one, and noise, as int16: 0.3 s at 16 kHz."""
    time = numpy.arange(4801) / 16000
    tone = 0.4 * scipy.signal.chirp(time, 150, 0.3, 6500) + 0.2 * numpy.sin(2 * numpy.pi * 440 * time)
    noise = numpy.random.RandomState(7).uniform(-0.05, 0.05, time.size)
    return numpy.round((tone + noise) * 32767).astype(numpy.int16)


def encode(values):
    values = numpy.ascontiguousarray(values, dtype="<f4")
    return {"dims": list(values.shape), "data": base64.b64encode(values.tobytes()).decode()}


def power(signal, options):
    """Frames by hand, the transform by SciPy, in double."""
    length, hop = options["frameLength"], options["hopLength"]
    fft_length = options.get("fftLength", length)
    if options.get("center", True):
        signal = numpy.pad(signal, length // 2, mode=options.get("padMode", "reflect"))
    frames = numpy.lib.stride_tricks.sliding_window_view(signal, length)[::hop]
    window = scipy.signal.get_window(options.get("window", "hann"), length, fftbins=options.get("periodic", True))
    return numpy.abs(scipy.fft.rfft(frames * window, n=fft_length)) ** 2


def kaldi(signal, mels):
    """torchaudio's kaldi.fbank in NumPy, as the feature extractors of transformers have it."""
    filters = mel_filter_bank(257, mels, 20, 8000, 16000, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True)
    window = numpy.power(numpy.hanning(400), 0.85)
    return spectrogram(signal * 32768, window, 400, 160, fft_length=512, power=2.0, center=False, preemphasis=0.97,
                       mel_filters=filters, log_mel="log", mel_floor=1.192092955078125e-07,
                       remove_dc_offset=True).T


def librosa_mels(signal, sample_rate, options):
    names = {"frameLength": "n_fft", "hopLength": "hop_length", "mels": "n_mels", "fMin": "fmin", "fMax": "fmax"}
    settings = {names[key]: value for key, value in options.items() if key in names}
    return librosa.feature.melspectrogram(
        y=signal, sr=sample_rate, pad_mode=options.get("padMode", "reflect"), power=options.get("power", 2),
        htk=options.get("melScale") == "htk", norm="slaney" if options.get("melNorm") == "slaney" else None, **settings)


def main():
    samples = make_signal()
    signal = samples.astype(numpy.float64) / 32768
    powers = [
        {"frameLength": 400, "hopLength": 160},
        {"frameLength": 400, "hopLength": 160, "fftLength": 512, "window": "hamming", "center": False},
        {"frameLength": 225, "hopLength": 301, "window": "blackman", "periodic": False},
        {"frameLength": 97, "hopLength": 400, "fftLength": 101, "padMode": "constant"},
        {"frameLength": 2048, "hopLength": 1024, "fftLength": 4096, "window": "boxcar"},
        {"frameLength": 14, "hopLength": 500},
    ]
    mels = [
        {"frameLength": 400, "hopLength": 200, "mels": 40, "melScale": "htk", "fMin": 60, "fMax": 7000},
        {"frameLength": 512, "hopLength": 256, "mels": 64, "melNorm": "slaney", "power": 1, "padMode": "constant"},
        {"frameLength": 1024, "hopLength": 512, "mels": 20, "melScale": "htk", "melNorm": "slaney"},
    ]
    whisper = WhisperFeatureExtractor(feature_size=80, chunk_length=1)
    features = whisper._np_extract_fbank_features(numpy.pad(signal, (0, 16000 - signal.size))[None, :], "cpu")
    wide = librosa.power_to_db(librosa_mels(signal, 22050, {
        "frameLength": 2048, "hopLength": 512, "mels": 128, "melNorm": "slaney", "padMode": "constant"}))
    document = {
        "made by": {"scipy": scipy.__version__, "librosa": librosa.__version__, "numpy": numpy.__version__,
                    "transformers": transformers.__version__},
        "signal": base64.b64encode(samples.astype("<i2").tobytes()).decode(),
        "powerSpectrum": [{"options": options, **encode(power(signal, options))} for options in powers],
        "melSpectrogram": [{"options": {"sampleRate": 16000, **options}, **encode(librosa_mels(signal, 16000, options))}
                           for options in mels],
        "logMel": [
            {"options": {"preset": "whisper", "signalLength": 16000}, **encode(features[0])},
            {"options": {"preset": "kaldi-fbank"}, **encode(kaldi(signal, 23))},
            {"options": {"preset": "kaldi-fbank", "mels": 80}, **encode(kaldi(signal, 80))},
            {"options": {"preset": "librosa"}, **encode(wide)},
        ],
    }
    for case in document["powerSpectrum"]:
        if case["options"].get("window") == "boxcar":
            case["options"]["window"] = "rectangular"
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(document, indent=1) + "\n")


main()
