// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ops/operator.h"

namespace trtn::ops::scores {

/// Attributes: "scale" (1 / temperature).
std::unique_ptr<Operator> MakeSoftmax(const Attributes& attributes);
std::unique_ptr<Operator> MakeLogSoftmax(const Attributes& attributes);
std::unique_ptr<Operator> MakeSigmoid(const Attributes& attributes);
/// Attributes: "k". Outputs: values, indices.
std::unique_ptr<Operator> MakeTopK(const Attributes& attributes);
/// Attributes: "k", "scale". Outputs: probabilities, indices.
std::unique_ptr<Operator> MakeSoftmaxTopK(const Attributes& attributes);
/// Output: indices.
std::unique_ptr<Operator> MakeArgMax(const Attributes& attributes);
/// Inputs: embeddings and, if there is one, a mask.
std::unique_ptr<Operator> MakeMeanPool(const Attributes& attributes);
/// Attributes: "epsilon".
std::unique_ptr<Operator> MakeL2Normalize(const Attributes& attributes);
/// Attributes: "epsilon". Inputs: queries, vectors.
std::unique_ptr<Operator> MakeCosineSimilarity(const Attributes& attributes);

}  // namespace trtn::ops::scores
