// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include "cast.h"

namespace standin {

namespace {

// Where the header has the plan's size. TensorRT 10 and 11 have theirs elsewhere; plans of tests may leave it
// 0.
constexpr size_t kSizeAt = STANDIN_IS_RTX ? 16 : 8;

[[noreturn]] void Malformed(const std::string& line) {
  throw std::runtime_error("Serialization assertion cursor < blobSize failed. plan line `" + line + "`");
}

Shape ParseNumbers(const std::string& text) {
  Shape numbers;
  if (text == "scalar") return numbers;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) numbers.push_back(std::stoll(part));
  return numbers;
}

/// Reads the statements of a plan one by one.
class PlanParser {
 public:
  explicit PlanParser(Plan* plan) : plan_(*plan) {}

  void Line(const std::string& line) {
    std::istringstream words(line);
    std::string statement;
    if (!(words >> statement) || statement[0] == '#') return;
    if (statement == "input" || statement == "output")
      Tensor(statement == "input", words);
    else if (statement == "profile")
      Profile(words);
    else if (statement == "values")
      Values(words);
    else if (statement == "layer")
      layers_.push_back(Rest(words));
    else if (statement == "weight")
      Weight(words);
    else if (statement == "debug")
      debug_.push_back(Rest(words));
    else if (statement == "name")
      plan_.name = Rest(words);
    else if (statement == "plugin")
      Plugin(words);
    else if (!Number(statement, words) && !Flag(statement))
      Malformed(line);
    if (words.fail() && !words.eof()) Malformed(line);
  }

  // Layers come last: they may use tensors that are declared below them.
  void Finish() {
    std::stable_partition(plan_.tensors.begin(), plan_.tensors.end(),
                          [](const TensorSpec& tensor) { return tensor.role == TensorSpec::Role::kInput; });
    plan_.io_count = plan_.tensors.size();
    for (const std::string& text : layers_) AddLayer(text);
    for (const std::string& name : debug_) {
      if (int tensor = plan_.Find(name); tensor >= 0) plan_.tensors[tensor].is_debug = true;
    }
    if (plan_.profiles.empty()) plan_.profiles.emplace_back();
    for (auto& profile : plan_.profiles) CompleteProfile(&profile);
  }

 private:
  static std::string Rest(std::istream& words) {
    std::string rest;
    std::getline(words >> std::ws, rest);
    return rest;
  }

  void Tensor(bool is_input, std::istream& words) {
    TensorSpec tensor;
    std::string type, dims, place;
    words >> tensor.name >> type >> dims;
    words >> place;
    std::optional<nv::DataType> parsed = ParseType(type);
    if (!parsed) Malformed("tensor of type " + type);
    tensor.type = *parsed;
    tensor.dims = ParseNumbers(dims);
    tensor.role = is_input ? TensorSpec::Role::kInput : TensorSpec::Role::kOutput;
    tensor.is_on_host = place == "host";
    plan_.tensors.push_back(std::move(tensor));
  }

  void Profile(std::istream& words) {
    plan_.profiles.emplace_back();
    for (std::string name, min, opt, max; words >> name >> min >> opt >> max;) {
      ProfileRange& range = plan_.profiles.back()[name];
      range.min = ParseNumbers(min), range.opt = ParseNumbers(opt), range.max = ParseNumbers(max);
    }
  }

  void Values(std::istream& words) {
    std::string name, min, opt, max;
    words >> name >> min >> opt >> max;
    if (plan_.profiles.empty()) plan_.profiles.emplace_back();
    ProfileRange& range = plan_.profiles.back()[name];
    range.min_values = ParseNumbers(min), range.opt_values = ParseNumbers(opt);
    range.max_values = ParseNumbers(max);
  }

  void Weight(std::istream& words) {
    std::string name;
    words >> name;
    std::vector<float> values;
    std::istringstream numbers(Rest(words));
    for (std::string part; std::getline(numbers, part, ',');) values.push_back(std::stof(part));
    plan_.weights[name] = std::make_shared<const std::vector<float>>(std::move(values));
  }

  void Plugin(std::istream& words) {
    std::string name, version;
    words >> name >> version;
    plan_.plugins.emplace_back(name, version);
  }

  bool Number(const std::string& statement, std::istream& words) {
    int64_t value = 0;
    if (statement == "duration-us") return static_cast<bool>(words >> plan_.duration_us);
    if (statement == "memory-bytes") return static_cast<bool>(words >> plan_.memory_bytes);
    if (statement == "streamable-bytes") return static_cast<bool>(words >> plan_.streamable_bytes);
    if (statement == "aux-streams" && words >> value)
      return plan_.aux_streams = static_cast<int>(value), true;
    if (statement == "version" && words >> value) return plan_.version = static_cast<int>(value), true;
    if (statement == "capability" && words >> value) return plan_.capability = static_cast<int>(value), true;
    return false;
  }

  bool Flag(const std::string& statement) {
    if (statement == "refittable")
      plan_.is_refittable = true;
    else if (statement == "not-capturable")
      plan_.is_capturable = false;
    else if (statement == "version-compatible")
      plan_.is_version_compatible = true;
    else
      return false;
    return true;
  }

  void AddLayer(const std::string& text) {
    Layer layer = ParseLayer(text, [&](const std::string& name) {
      int index = plan_.Find(name);
      if (index >= 0) return index;
      TensorSpec inside;
      inside.name = name;
      plan_.tensors.push_back(inside);
      return static_cast<int>(plan_.tensors.size()) - 1;
    });
    if (!layer.weight.empty()) CheckWeight(layer);
    // What is inside the network has no declared type.
    for (size_t i = 0; i < layer.outputs.size(); ++i) {
      TensorSpec& output = plan_.tensors[layer.outputs[i]];
      if (output.role != TensorSpec::Role::kInside) continue;
      bool has_indices =
          layer.function == "nonzero" || layer.function == "shapeof" || (layer.function == "topk" && i == 1);
      bool keeps_type = layer.function == "identity" || layer.function == "reshape";
      output.type = has_indices  ? nv::DataType::kINT64
                    : keeps_type ? plan_.tensors[layer.inputs[0]].type
                                 : nv::DataType::kFLOAT;
    }
    if (layer.function == "cast")
      CheckCast(plan_.tensors[layer.inputs[0]].type, plan_.tensors[layer.outputs[0]].type);
    plan_.layers.push_back(std::move(layer));
  }

  void CheckWeight(const Layer& layer) {
    auto found = plan_.weights.find(layer.weight);
    if (found == plan_.weights.end()) Malformed("no weight " + layer.weight);
    if (static_cast<int64_t>(found->second->size()) < layer.WeightCount())
      Malformed("weight " + layer.weight + " is too short");
  }

  void CompleteProfile(std::map<std::string, ProfileRange>* profile) {
    for (const TensorSpec& tensor : plan_.tensors) {
      if (tensor.role != TensorSpec::Role::kInput) continue;
      ProfileRange& range = (*profile)[tensor.name];
      if (range.max.empty()) range.min = range.opt = range.max = tensor.dims;
    }
    for (const auto& [name, range] : *profile) {
      int index = plan_.Find(name);
      bool is_input = index >= 0 && plan_.tensors[index].role == TensorSpec::Role::kInput;
      if (!is_input) Malformed("profile of " + name);
      size_t rank = plan_.tensors[index].dims.size();
      bool fits = range.min.size() == rank && range.opt.size() == rank && range.max.size() == rank;
      if (!fits || ElementCount(range.max) < 0) Malformed("profile of " + name);
    }
  }

  Plan& plan_;
  std::vector<std::string> layers_, debug_;
};

std::string JoinFloats(const std::vector<float>& values) {
  std::ostringstream text;
  text.precision(9);
  for (size_t i = 0; i < values.size(); ++i) text << (i ? "," : "") << values[i];
  return text.str();
}

std::string WrongMagic(uint32_t magic) {
  uint32_t expected = 0;
  std::memcpy(&expected, kMagic, sizeof expected);
  return "Serialization assertion header.magicTag == kEXPECTED_MAGIC_TAG failed.Trying to load an engine "
         "created with incompatible serialization version (" +
         std::to_string(magic) + " != " + std::to_string(expected) +
         "). Check that the engine was not created using safety runtime, same OS was used and version "
         "compatibility parameters were set accordingly and that it is a TRT engine file.";
}

void CheckHeader(const std::string& bytes) {
  uint32_t magic = 0;
  if (bytes.size() < sizeof magic) throw std::runtime_error("Assertion bufferSize >= minBufferSize failed.");
  std::memcpy(&magic, bytes.data(), sizeof magic);
  if (std::memcmp(&magic, kMagic, sizeof magic) != 0) throw std::runtime_error(WrongMagic(magic));
  if (bytes.size() < kHeaderBytes)
    throw std::runtime_error("Serialization assertion cursor < blobSize failed.");
  uint64_t size = 0;
  std::memcpy(&size, bytes.data() + kSizeAt, sizeof size);
  if (size != bytes.size() && (STANDIN_IS_RTX || size != 0)) {
    throw std::runtime_error("Serialization assertion plan.header.size == blobSize failed.");
  }
}

}  // namespace

int Plan::Find(const std::string& tensor) const {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == tensor) return static_cast<int>(i);
  }
  return -1;
}

int Plan::FindIo(const std::string& tensor) const {
  int index = Find(tensor);
  return index < static_cast<int>(io_count) ? index : -1;
}

bool Plan::IsDynamic() const {
  return std::any_of(
      tensors.begin(), tensors.begin() + static_cast<std::ptrdiff_t>(io_count),
      [](const TensorSpec& tensor) { return tensor.is_on_host || ElementCount(tensor.dims) < 0; });
}

bool Plan::HasDataDependentOutput() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const Layer& layer) { return layer.function == "nonzero"; });
}

bool Plan::IsShapeInferenceIo(int tensor) const {
  if (!tensors[tensor].is_on_host) return false;
  if (tensors[tensor].role == TensorSpec::Role::kInput) return true;
  return std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) {
    return layer.function == "shapeof" && layer.outputs[0] == tensor;
  });
}

int64_t Plan::WeightBytes() const {
  int64_t bytes = 0;
  for (const auto& [weight_name, values] : weights)
    bytes += static_cast<int64_t>(values->size() * sizeof(float));
  return bytes + streamable_bytes;
}

int HeaderVersion(const std::string& header) {
  auto part = [&](size_t at) { return static_cast<int>(static_cast<unsigned char>(header[at])); };
  return part(24) * 10000 + part(25) * 100 + part(26);
}

Plan ParsePlan(const std::string& bytes) {
  CheckHeader(bytes);
  Plan plan;
  plan.header = bytes.substr(0, kHeaderBytes);
  PlanParser parser(&plan);
  std::istringstream text(bytes.substr(kHeaderBytes));
  try {
    for (std::string line; std::getline(text, line);) {
      plan.lines.push_back(line);
      parser.Line(line);
    }
    parser.Finish();
  } catch (const std::logic_error& error) {  // std::stoll and its like
    Malformed(plan.lines.empty() ? "" : plan.lines.back());
  }
  return plan;
}

std::string SerializePlan(const Plan& plan) {
  std::string bytes = plan.header;
  for (const std::string& line : plan.lines) {
    std::istringstream words(line);
    std::string statement, name;
    words >> statement >> name;
    if (statement == "weight")
      bytes += "weight " + name + " " + JoinFloats(*plan.weights.at(name)) + "\n";
    else
      bytes += line + "\n";
  }
  uint64_t size = bytes.size();
  std::memcpy(bytes.data() + kSizeAt, &size, sizeof size);
  return bytes;
}

}  // namespace standin
