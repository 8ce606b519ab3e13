// SPDX-License-Identifier: Apache-2.0
//
// Frames, spectra and mel spectra: the CPU twin gives the bits of the kernels, and both what the definition
// of the Fourier transform, computed in double, says.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "core/error.h"
#include "ops/operator.h"
#include "ops/signals/mel_filters.h"
#include "ops/signals/window.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using Values = std::map<std::string, Attributes::Value>;

Values SignalSettings(double frame, double hop, double fft) {
  return {{"frameLength", frame},
          {"hopLength", hop},
          {"fftLength", fft},
          {"signalLength", 0.0},
          {"center", true},
          {"padMode", std::string("reflect")},
          {"dropLastFrame", false},
          {"window", std::string("hann")},
          {"periodic", true},
          {"scale", 1.0},
          {"removeDc", false},
          {"preEmphasis", 0.0},
          {"power", 2.0},
          {"sampleRate", 16000.0},
          {"mels", 1.0},
          {"fMin", 20.0},
          {"fMax", 7600.0},
          {"melScale", std::string("slaney")},
          {"melNorm", std::string("slaney")},
          {"log", std::string("log10")},
          {"floor", 1e-10},
          {"range", 0.0},
          {"offset", 0.0},
          {"multiplier", 1.0},
          {"melsFirst", true}};
}

struct SignalInput {
  ElementType type = ElementType::kFloat32;
  std::vector<int64_t> dims;
  std::vector<uint8_t> bytes;
};

SignalInput FloatSignal(std::vector<int64_t> dims, const std::vector<float>& values) {
  SignalInput signal{ElementType::kFloat32, std::move(dims), std::vector<uint8_t>(values.size() * 4)};
  if (!values.empty()) std::memcpy(signal.bytes.data(), values.data(), signal.bytes.size());
  return signal;
}

std::vector<float> Noise(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() % 20001) / 10000.0f - 1.0f;
  return values;
}

int64_t FramesOf(const Values& values, int64_t samples) {
  const auto number = [&](const char* name) {
    return static_cast<int64_t>(std::get<double>(values.at(name)));
  };
  const int64_t frame = number("frameLength"),
                length = number("signalLength") > 0 ? number("signalLength") : samples;
  const int64_t room = length + (std::get<bool>(values.at("center")) ? frame / 2 * 2 : 0) - frame;
  const int64_t frames = room < 0 ? 0 : room / number("hopLength") + 1;
  return std::get<bool>(values.at("dropLastFrame")) && frames > 0 ? frames - 1 : frames;
}

int64_t WidthOf(const std::string& name, const Values& values) {
  if (name == "frameSignal") return static_cast<int64_t>(std::get<double>(values.at("frameLength")));
  if (name == "powerSpectrum") return static_cast<int64_t>(std::get<double>(values.at("fftLength"))) / 2 + 1;
  return static_cast<int64_t>(std::get<double>(values.at("mels")));
}

/// Expects the same bits of twin and kernels, and gives them.
std::vector<float> RunBoth(const std::string& name, const Values& values, const SignalInput& signal) {
  const auto op = MakeOperator(name, Attributes(values));
  const int64_t signals = static_cast<int64_t>(ElementCount({signal.dims.begin(), signal.dims.end() - 1}));
  // Aligned for its elements alone, as a view into another tensor.
  const test::HostTensor input(signal.type, signal.dims, signal.bytes,
                               signal.type == ElementType::kInt16 ? 2 : 4);
  const test::HostTensor output(ElementType::kFloat32,
                                {signals, FramesOf(values, signal.dims.back()), WidthOf(name, values)});
  test::ExpectTwinEqualsKernels(*op, {input.view()}, {output.view()});
  return output.Values<float>();
}

/// |X[k]|^2 of one windowed frame, by definition.
std::vector<double> PowersByDefinition(const std::vector<double>& frame, int fft) {
  std::vector<double> powers(fft / 2 + 1);
  for (int k = 0; k <= fft / 2; ++k) {
    double re = 0, im = 0;
    for (size_t i = 0; i < frame.size(); ++i) {
      const double angle = -2.0 * M_PI * static_cast<double>(k * i % fft) / fft;
      re += frame[i] * std::cos(angle);
      im += frame[i] * std::sin(angle);
    }
    powers[k] = re * re + im * im;
  }
  return powers;
}

TEST(OpsSignals, PowersOfAnyLengthEqualTheDefinition) {
  // Powers of two, all fast factors, primes, the longest even and odd ones of each kernel.
  for (const int fft :
       {1,  2,  3,  4,  5,   6,   7,   8,   9,   10,  11,  12,   15,   16,   22,  25,   26,  30,
        49, 60, 97, 98, 121, 128, 143, 400, 480, 512, 600, 1022, 1024, 1026, 511, 1331, 2187}) {
    SCOPED_TRACE(fft);
    Values values = SignalSettings(fft, fft, fft);
    values["center"] = false;
    values["window"] = std::string("rectangular");
    const std::vector<float> noise = Noise(fft, fft);
    const std::vector<float> powers = RunBoth("powerSpectrum", values, FloatSignal({1, fft}, noise));
    const std::vector<double> expected = PowersByDefinition({noise.begin(), noise.end()}, fft);
    double energy = 0;
    for (const float value : noise) energy += double{value} * value;
    // Rounding errors are those of the largest numbers that are added, not of the result.
    for (size_t k = 0; k < expected.size(); ++k)
      EXPECT_NEAR(powers[k], expected[k], 4e-6 * std::max(energy, expected[k])) << k;
  }
}

TEST(OpsSignals, LongestTransforms) {
  for (const int fft : {8192, 8190, 4095, 4093}) {
    SCOPED_TRACE(fft);
    Values values = SignalSettings(fft, fft, fft);
    values["center"] = false;
    values["window"] = std::string("rectangular");
    // A cosine of 37 periods: fft / 2 squared there, nothing elsewhere.
    std::vector<float> wave(fft);
    for (int i = 0; i < fft; ++i) wave[i] = static_cast<float>(std::cos(2.0 * M_PI * (37 * i % fft) / fft));
    const std::vector<float> powers = RunBoth("powerSpectrum", values, FloatSignal({1, fft}, wave));
    const double peak = double{0.25} * fft * fft;
    for (int k = 0; k <= fft / 2; ++k) EXPECT_NEAR(powers[k], k == 37 ? peak : 0.0, 1e-5 * peak) << k;
  }
}

TEST(OpsSignals, FramesAreCutMirroredAndWindowed) {
  Values values = SignalSettings(4, 3, 4);
  values["window"] = std::string("rectangular");
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 5}, {1, 2, 3, 4, 5})),
            (std::vector<float>{3, 2, 1, 2, 2, 3, 4, 5}));
  values["padMode"] = std::string("constant");
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 5}, {1, 2, 3, 4, 5})),
            (std::vector<float>{0, 0, 1, 2, 2, 3, 4, 5}));
  values["signalLength"] = 8.0;
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 5}, {1, 2, 3, 4, 5})),
            (std::vector<float>{0, 0, 1, 2, 2, 3, 4, 5, 5, 0, 0, 0}));
  values["signalLength"] = 2.0;
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 5}, {1, 2, 3, 4, 5})),
            (std::vector<float>{0, 0, 1, 2}));
  values["dropLastFrame"] = true;
  EXPECT_TRUE(RunBoth("frameSignal", values, FloatSignal({1, 5}, {1, 2, 3, 4, 5})).empty());

  // DC removal and pre-emphasis: 1 2 3 6 less their mean of 3 is -2 -1 0 3; half of the one before is taken
  // off.
  values = SignalSettings(4, 4, 4);
  values["center"] = false;
  values["removeDc"] = true;
  values["preEmphasis"] = 0.5;
  values["window"] = std::string("given");
  values["windowValues"] = std::vector<double>{1, 2, 1, 1};
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 4}, {1, 2, 3, 6})),
            (std::vector<float>{-1, 0, 0.5f, 3}));
}

TEST(OpsSignals, MirrorsSignalsShorterThanAFrameAgainAndAgain) {
  Values values = SignalSettings(9, 4, 9);
  values["window"] = std::string("rectangular");
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 1}, {7})), std::vector<float>(9, 7.0f));
  EXPECT_EQ(RunBoth("frameSignal", values, FloatSignal({1, 3}, {1, 2, 3})),
            (std::vector<float>{1, 2, 3, 2, 1, 2, 3, 2, 1}));
  values["center"] = false;
  EXPECT_TRUE(RunBoth("frameSignal", values, FloatSignal({1, 3}, {1, 2, 3})).empty());
  EXPECT_TRUE(RunBoth("frameSignal", values, FloatSignal({0, 30}, {})).empty());
}

struct MelCase {
  const char* name;
  int frame, hop, fft, mels;
  std::vector<int64_t> dims;
};

TEST(OpsSignals, MelSpectraHaveTheSameBits) {
  const std::vector<MelCase> cases = {
      {"whisper", 400, 160, 400, 80, {2, 1601}}, {"kaldi", 400, 160, 512, 23, {1, 1999}},
      {"odd", 201, 77, 225, 40, {3, 777}},       {"large", 1500, 512, 2048, 128, {1, 5000}},
      {"one sample", 64, 16, 64, 8, {2, 1}},     {"no batch", 400, 160, 400, 80, {900}}};
  for (const MelCase& test : cases) {
    for (const char* log : {"none", "natural", "log10", "decibel"}) {
      SCOPED_TRACE(std::string(test.name) + " " + log);
      Values values = SignalSettings(test.frame, test.hop, test.fft);
      values["mels"] = double(test.mels);
      values["log"] = std::string(log);
      values["range"] = std::string(log) == "log10" ? 8.0 : 0.0;
      values["offset"] = std::string(log) == "log10" ? 4.0 : 0.0;
      values["multiplier"] = std::string(log) == "log10" ? 0.25 : 1.0;
      values["melsFirst"] = test.mels != 23;
      values["removeDc"] = test.mels == 23;
      values["preEmphasis"] = test.mels == 23 ? 0.97 : 0.0;
      values["power"] = test.mels == 40 ? 1.0 : 2.0;
      RunBoth("melSpectrogram", values, FloatSignal(test.dims, Noise(ElementCount(test.dims), 5)));
    }
  }
}

TEST(OpsSignals, TakesInt16) {
  std::mt19937 random(3);
  std::vector<int16_t> values(1001);
  for (int16_t& value : values) value = static_cast<int16_t>(random());
  values[0] = -32768;
  values[1] = 32767;
  SignalInput shorts{ElementType::kInt16, {1, 1001}, std::vector<uint8_t>(2002)};
  std::memcpy(shorts.bytes.data(), values.data(), 2002);
  std::vector<float> floats(values.size());
  for (size_t i = 0; i < values.size(); ++i) floats[i] = static_cast<float>(values[i]) / 32768.0f;
  Values settings = SignalSettings(100, 30, 128);
  const std::vector<float> expected = RunBoth("powerSpectrum", settings, FloatSignal({1, 1001}, floats));
  settings["scale"] = 1.0 / 32768;
  EXPECT_EQ(RunBoth("powerSpectrum", settings, shorts), expected);
}

TEST(OpsSignals, SilenceGivesTheFloor) {
  Values values = SignalSettings(400, 160, 400);
  values["mels"] = 80.0;
  for (const float value :
       RunBoth("melSpectrogram", values, FloatSignal({1, 1600}, std::vector<float>(1600))))
    EXPECT_EQ(value, -10.0f);
  values["range"] = 8.0;
  values["offset"] = 4.0;
  values["multiplier"] = 0.25;
  for (const float value :
       RunBoth("melSpectrogram", values, FloatSignal({1, 1600}, std::vector<float>(1600))))
    EXPECT_EQ(value, -1.5f);
}

TEST(OpsSignals, NanStaysInItsFramesAndSignal) {
  std::vector<float> samples = Noise(3200, 9);
  samples[300] = std::numeric_limits<float>::quiet_NaN();
  Values values = SignalSettings(400, 400, 400);
  values["mels"] = 10.0;
  values["center"] = false;
  values["melsFirst"] = false;
  const std::vector<float> mels = RunBoth("melSpectrogram", values, FloatSignal({2, 1600}, samples));
  for (size_t i = 0; i < mels.size(); ++i) EXPECT_EQ(std::isnan(mels[i]), i < 10) << i;
  // The greatest value of a signal with a NaN is NaN.
  values["range"] = 8.0;
  const std::vector<float> ranged = RunBoth("melSpectrogram", values, FloatSignal({2, 1600}, samples));
  for (size_t i = 0; i < ranged.size(); ++i) EXPECT_EQ(std::isnan(ranged[i]), i < 40) << i;
}

TEST(OpsSignals, ExtremeValuesHaveTheSameBits) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float greatest = std::numeric_limits<float>::max(),
              smallest = std::numeric_limits<float>::denorm_min();
  for (const float extreme : {infinity, -infinity, greatest, -greatest, smallest, -0.0f}) {
    SCOPED_TRACE(extreme);
    for (const int fft : {60, 77, 1026}) {
      std::vector<float> samples = Noise(2 * fft, 1);
      for (size_t i = 5; i < samples.size(); i += 7) samples[i] = extreme;
      Values values = SignalSettings(fft, fft - 20, fft);
      values["mels"] = 5.0;
      values["removeDc"] = true;
      values["preEmphasis"] = 0.97;
      values["range"] = 8.0;
      const SignalInput signal = FloatSignal({1, 2 * fft}, samples);
      RunBoth("frameSignal", values, signal);
      RunBoth("powerSpectrum", values, signal);
      RunBoth("melSpectrogram", values, signal);
    }
  }
}

TEST(OpsSignals, RefusesWhatWouldCorruptMemory) {
  const auto refused = [](const char* name, const char* key, const Attributes::Value& value) {
    Values values = SignalSettings(400, 160, 400);
    values[key] = value;
    EXPECT_THROW(MakeOperator(name, Attributes(values)), Error) << key;
  };
  refused("frameSignal", "hopLength", 0.0);
  refused("frameSignal", "frameLength", 8193.0);
  refused("frameSignal", "window", std::string("triangle"));
  refused("powerSpectrum", "fftLength", 399.0);
  refused("powerSpectrum", "fftLength", 8194.0);
  refused("powerSpectrum", "fftLength", 4097.0);
  refused("melSpectrogram", "mels", 0.0);
  refused("melSpectrogram", "mels", 202.0);
  Values values = SignalSettings(400, 160, 400);
  values["window"] = std::string("given");
  values["windowValues"] = std::vector<double>(399);
  EXPECT_THROW(MakeOperator("frameSignal", Attributes(values)), Error);

  const auto op = MakeOperator("powerSpectrum", Attributes(SignalSettings(400, 160, 400)));
  std::vector<float> samples(1600), output(10);
  OperatorMemory memory;
  memory.inputs = {{ElementType::kFloat32, {1, 1600}, samples.data(), 6400}};
  memory.outputs = {{ElementType::kFloat32, {1, 11, 201}, output.data(), 40}};
  InlineWorkers workers;
  EXPECT_THROW(op->RunOnCpu(memory, workers), Error);
  EXPECT_THROW(op->Launches(memory), Error);
}

TEST(OpsSignals, WindowsHaveTheirKnownValues) {
  using signals::MakeWindow;
  EXPECT_EQ(MakeWindow("hann", 4, true), (std::vector<float>{0, 0.5f, 1, 0.5f}));
  EXPECT_EQ(MakeWindow("hann", 5, false), (std::vector<float>{0, 0.5f, 1, 0.5f, 0}));
  EXPECT_EQ(MakeWindow("hann", 1, false), (std::vector<float>{1}));
  EXPECT_FLOAT_EQ(MakeWindow("povey", 5, false)[1], std::pow(0.5f, 0.85f));
  EXPECT_EQ(MakeWindow("blackman", 5, false)[0], 0.0f);
  EXPECT_FLOAT_EQ(MakeWindow("hamming", 5, false)[0], 0.08f);
}

TEST(OpsSignals, MelsBetweenTwoFrequenciesAreEmpty) {
  const signals::MelFilters filters = signals::MakeMelFilters({16000, 0, 8000, 32, 64, "slaney", false});
  size_t empty = 0, weights = 0;
  for (size_t m = 0; m < 32; ++m) {
    empty += filters.ranges[3 * m + 1] == 0;
    EXPECT_EQ(filters.ranges[3 * m + 2], static_cast<int32_t>(weights));
    weights += filters.ranges[3 * m + 1];
  }
  EXPECT_GT(empty, 0u);
  EXPECT_EQ(weights, filters.weights.size());
}

}  // namespace
}  // namespace trtn::ops
