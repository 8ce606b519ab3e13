// SPDX-License-Identifier: Apache-2.0
// Streams that record instead of running. With the lock held.
#pragma once

#include "call.h"

namespace standin {

/// Adds work of a capturing stream to its graph.
CUresult AddNode(Stream& stream, Op&& op);
/// A call came that may not come while this thread captures: breaks those captures and tells whether there
/// were any.
bool BreakCaptureOfThread();
void BreakCapture(Capture& capture);
/// The stream waits for an event that a capturing stream recorded: it joins the capture.
CUresult JoinCapture(const Call& call, const std::shared_ptr<Stream>& stream, const Event& event);

}  // namespace standin
