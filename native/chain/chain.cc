// SPDX-License-Identifier: Apache-2.0
#include "chain/chain.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/memory.h"

namespace trtn::chain {
namespace {

[[noreturn]] void ThrowBroken(const std::string& what) {
  throw Error("ERR_TRT_RUN_FAILED", "A chain of operators does not hold together: " + what + ".");
}

/// Memory that is handed out and taken back, first fit.
class FirstFit {
 public:
  Place Take(size_t bytes) {
    const size_t needed = AlignUp(std::max<size_t>(bytes, 1));
    size_t offset = 0;
    auto next = taken_.begin();
    for (; next != taken_.end() && next->offset - offset < needed; ++next)
      offset = next->offset + AlignUp(next->bytes);
    const Place place{offset, needed};
    taken_.insert(next, place);
    most_ = std::max(most_, offset + needed);
    return place;
  }
  void GiveBack(const Place& place) {
    const auto same = [&](const Place& one) { return one.offset == place.offset; };
    taken_.erase(std::find_if(taken_.begin(), taken_.end(), same));
  }
  size_t most() const { return most_; }

 private:
  /// By offset.
  std::vector<Place> taken_;
  size_t most_ = 0;
};

}  // namespace

Chain::Chain(ChainSpec spec, Maker make) : inputs_(spec.inputs) {
  Check(spec);
  for (ValueSpec& value : spec.values) {
    TensorView view;
    view.type = value.type;
    view.bytes = TensorBytes(value.type, value.dims);
    view.dims = std::move(value.dims);
    values_.push_back(std::move(view));
  }
  outputs_ = std::move(spec.outputs);
  output_index_.assign(values_.size(), kNone);
  for (size_t i = 0; i < outputs_.size(); ++i) output_index_[outputs_[i]] = i;
  for (StepSpec& step : spec.steps) {
    std::shared_ptr<const ops::Operator> work = make(step.name, step.attributes);
    steps_.push_back(
        {std::move(step.name), std::move(work), std::move(step.inputs), std::move(step.outputs), {}});
  }
  LayOut();
}

void Chain::Check(const ChainSpec& spec) const {
  if (spec.inputs > spec.values.size()) ThrowBroken("it has more inputs than values");
  std::vector<bool> is_made(spec.values.size(), false);
  std::fill_n(is_made.begin(), spec.inputs, true);
  for (const StepSpec& step : spec.steps) {
    for (size_t value : step.inputs) {
      if (value >= is_made.size() || !is_made[value])
        ThrowBroken("'" + step.name + "' reads value " + std::to_string(value) +
                    ", which no step before it makes");
    }
    for (size_t value : step.outputs) {
      if (value >= is_made.size() || is_made[value])
        ThrowBroken("'" + step.name + "' makes value " + std::to_string(value) + ", which is there already");
      is_made[value] = true;
    }
  }
  if (spec.outputs.empty()) ThrowBroken("it has no output");
  std::vector<bool> is_output(spec.values.size(), false);
  for (size_t value : spec.outputs) {
    if (value < spec.inputs || value >= is_made.size() || !is_made[value] || is_output[value])
      ThrowBroken("its output " + std::to_string(value) + " is made by no step, or named twice");
    is_output[value] = true;
  }
}

void Chain::LayOut() {
  std::vector<size_t> last_use(values_.size(), 0);
  for (size_t s = 0; s < steps_.size(); ++s) {
    for (size_t value : steps_[s].inputs) last_use[value] = s;
    for (size_t value : steps_[s].outputs) last_use[value] = s;
  }
  places_.resize(values_.size());
  const auto is_inner = [this](size_t value) { return value >= inputs_ && output_index_[value] == kNone; };
  FirstFit memory;
  for (size_t s = 0; s < steps_.size(); ++s) {
    Step& step = steps_[s];
    for (size_t value : step.outputs) {
      if (is_inner(value)) places_[value] = memory.Take(values_[value].bytes);
    }
    ops::OperatorMemory shapes;
    for (size_t value : step.inputs) shapes.inputs.push_back(values_[value]);
    for (size_t value : step.outputs) shapes.outputs.push_back(values_[value]);
    const size_t scratch_bytes = MakesNothing(step) ? 0 : step.work->ScratchBytes(shapes);
    if (scratch_bytes > 0) step.scratch = memory.Take(scratch_bytes);
    // Values are read once more, or never; each goes once, also where a step reads it twice.
    if (scratch_bytes > 0) memory.GiveBack(step.scratch);
    for (size_t value = inputs_; value < values_.size(); ++value) {
      const bool is_here = std::count(step.inputs.begin(), step.inputs.end(), value) +
                               std::count(step.outputs.begin(), step.outputs.end(), value) >
                           0;
      if (is_here && is_inner(value) && last_use[value] == s) memory.GiveBack(places_[value]);
    }
  }
  memory_bytes_ = memory.most();
}

TensorView Chain::ViewOf(size_t value, const std::vector<TensorView>& inputs,
                         const std::vector<TensorView>& outputs, void* memory) const {
  TensorView view = values_[value];
  const TensorView* outer = value < inputs_                 ? &inputs[value]
                            : output_index_[value] != kNone ? &outputs[output_index_[value]]
                                                            : nullptr;
  view.data = outer != nullptr ? outer->data : static_cast<char*>(memory) + places_[value].offset;
  view.place = outer != nullptr ? outer->place : outputs[0].place;
  return view;
}

bool Chain::MakesNothing(const Step& step) const {
  return std::all_of(step.outputs.begin(), step.outputs.end(),
                     [this](size_t value) { return values_[value].bytes == 0; });
}

ops::OperatorMemory Chain::Bind(const Step& step, const std::vector<TensorView>& inputs,
                                const std::vector<TensorView>& outputs, void* memory) const {
  ops::OperatorMemory bound;
  for (size_t value : step.inputs) bound.inputs.push_back(ViewOf(value, inputs, outputs, memory));
  for (size_t value : step.outputs) bound.outputs.push_back(ViewOf(value, inputs, outputs, memory));
  if (step.scratch.bytes > 0) bound.scratch = static_cast<char*>(memory) + step.scratch.offset;
  return bound;
}

}  // namespace trtn::chain
