// SPDX-License-Identifier: Apache-2.0
//
// What a stand-in's plan says. Its bytes are a real plan's header, so that everything that reads headers
// works, followed by text with one statement a line:
//
//   name <engine name>                     shown by ICudaEngine::getName()
//   version <n>                            getInferLibVersion() that must match; else the header's version
//   must capability <cc>                        "90": the device must have it input <name> <type> <dims>
//   [host]      dims "2,-1", or "scalar"; host: a shape tensor in host memory output <name> <type> <dims>
//   profile (<input> <min> <opt> <max>)…   one line a profile
//   values <input> <min> <opt> <max>       of a shape tensor, for the profile line above
//   layer <function> <args>                see layers.h
//   weight <name> <float,float,…>
//   debug <tensor>                         marked for debugging when the engine was built
//   plugin <name> <version>                must be in the registry
//   memory-bytes <n>                       activation memory for the largest shapes (4096 if not said)
//   streamable-bytes <n>  aux-streams <n>  duration-us <n> (of a whole inference)
//   refittable  not-capturable  version-compatible
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "layers.h"
#include "tensor_type.h"

namespace standin {

struct TensorSpec {
  enum class Role { kInput, kOutput, kInside };
  std::string name;
  nv::DataType type = nv::DataType::kFLOAT;
  Shape dims;
  Role role = Role::kInside;
  bool is_on_host = false;
  bool is_debug = false;
};

/// What a profile allows of one input: dimensions, and values where the input is a shape tensor.
struct ProfileRange {
  Shape min, opt, max;
  Shape min_values, opt_values, max_values;
};

/// Weights are replaced as a whole: kernels that are in flight, or captured, keep the ones they were made
/// with.
using Weights = std::shared_ptr<const std::vector<float>>;

struct Plan {
  std::string name;
  int version = 0;
  int capability = 0;
  /// Inputs, outputs, then tensors inside the network.
  std::vector<TensorSpec> tensors;
  size_t io_count = 0;
  std::vector<std::map<std::string, ProfileRange>> profiles;
  std::vector<Layer> layers;
  std::map<std::string, Weights> weights;
  std::vector<std::pair<std::string, std::string>> plugins;
  int64_t memory_bytes = 4096;
  int64_t streamable_bytes = 0;
  int aux_streams = 0;
  double duration_us = 0;
  bool is_refittable = false;
  bool is_capturable = true;
  bool is_version_compatible = false;
  /// The plan as it was given, for serialize().
  std::string header;
  std::vector<std::string> lines;

  /// Index into tensors, -1 if there is none of that name.
  int Find(const std::string& name) const;
  int FindIo(const std::string& name) const;
  bool IsDynamic() const;
  bool HasDataDependentOutput() const;
  /// Whether the values of a tensor are read or written when shapes are inferred.
  bool IsShapeInferenceIo(int tensor) const;
  int64_t WeightBytes() const;
};

/// Throws std::runtime_error with TensorRT's words for what is wrong.
Plan ParsePlan(const std::string& bytes);
/// With today's weights.
std::string SerializePlan(const Plan& plan);

/// Decimal version of the header's bytes, as getInferLibVersion() has it.
int HeaderVersion(const std::string& header);

}  // namespace standin
