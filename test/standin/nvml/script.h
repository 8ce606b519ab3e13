// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace standin {

using Result = int;

/// One answer: a value, or a result that is not success.
struct Answer {
  Result result = 0;
  double value = 0;
};

/// What an entry answers, call after call; the last answer repeats, or goes on by `step`.
struct Answers {
  std::vector<Answer> list;
  double step = 0;
  size_t next = 0;

  Answer Take();
};

/// All that the library knows, under one mutex.
struct State {
  std::mutex mutex;
  std::map<std::string, Answers> scripts;
  std::map<std::string, uint64_t> calls;
  /// Calls by the thread that runs JavaScript, in a process that runs some.
  uint64_t calls_on_main_thread = 0;
  /// nvmlInit_v2() without its nvmlShutdown().
  std::atomic<int> users{0};
  /// Calls while there were none.
  uint64_t calls_without_init = 0;
};
State& TheState();

/// Counts a call and gives what `key` ("nvmlDeviceGetClockInfo:1" for a kind of clock) was ordered to answer,
/// else what it answers by default.
Answer Ask(const std::string& entry, const std::string& key);
inline Answer Ask(const std::string& entry) { return Ask(entry, entry); }

}  // namespace standin
