// SPDX-License-Identifier: Apache-2.0
// The tests' side of the stand-in NVML. A request is one line of words, the answer is JSON: what was asked
// for, `null`, or {"error": "…"}.
//
//   script <entry> <answer>[,<answer>…]
//                     what the entry answers from now on, call after call; the last answer repeats. An answer
//                     is a number in NVML's unit, `!<nvmlReturn_t>` for a call that fails, or, as the last
//                     one, `<number>+<step>` that grows with each call. Clocks are
//                     `nvmlDeviceGetClockInfo:1` (SM) and `:2` (memory); for entries that give no number, 0
//                     is success.
//   reset             forgets scripts and counts
//   calls             {"total", "onMainThread", "withoutInit", "users", "entries": {name: count}}
//
// For processes that nobody talks to, TRTN_STANDIN_NVML holds requests of "script" with ';' between them.
#include "script.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "../standin.h"

namespace standin {
namespace {

struct Default {
  const char* key;
  const char* answers;
};

/// An H100-like device at work: 250 W, of which the counter makes 25 J a call.
constexpr Default kDefaults[] = {
    {"nvmlDeviceGetPowerUsage", "250000"},
    {"nvmlDeviceGetTotalEnergyConsumption", "1000000+25000"},
    {"nvmlDeviceGetClockInfo:1", "1755"},
    {"nvmlDeviceGetClockInfo:2", "2619"},
    {"nvmlDeviceGetMaxClockInfo:1", "1980"},
    {"nvmlDeviceGetMaxClockInfo:2", "2619"},
    {"nvmlDeviceGetTemperature", "45"},
    {"nvmlDeviceGetUtilizationRates", "87"},
    {"nvmlDeviceGetMemoryInfo", "10737418240"},
    {"nvmlDeviceGetCurrentClocksEventReasons", "0"},
    {"nvmlDeviceGetCurrentClocksThrottleReasons", "0"},
};

Answers ParseAnswers(const std::string& text) {
  Answers answers;
  std::istringstream words(text);
  std::string word;
  while (std::getline(words, word, ',')) {
    Answer answer;
    if (word[0] == '!') {
      answer.result = std::atoi(word.c_str() + 1);
    } else {
      char* end = nullptr;
      answer.value = std::strtod(word.c_str(), &end);
      if (*end == '+') answers.step = std::atof(end + 1);
    }
    answers.list.push_back(answer);
  }
  if (answers.list.empty()) answers.list.push_back({});
  return answers;
}

std::string CallsJson(const State& state) {
  uint64_t total = 0;
  std::string entries;
  for (const auto& [name, count] : state.calls) {
    total += count;
    entries += (entries.empty() ? "\"" : ",\"") + name + "\":" + std::to_string(count);
  }
  return "{\"total\":" + std::to_string(total) +
         ",\"onMainThread\":" + std::to_string(state.calls_on_main_thread) +
         ",\"withoutInit\":" + std::to_string(state.calls_without_init) +
         ",\"users\":" + std::to_string(state.users.load()) + ",\"entries\":{" + entries + "}}";
}

std::string Obey(State& state, const std::string& request) {
  std::istringstream words(request);
  std::string verb, key, answers;
  words >> verb >> key >> answers;
  if (verb == "script" && !answers.empty()) {
    state.scripts[key] = ParseAnswers(answers);
  } else if (verb == "reset") {
    state.scripts.clear();
    state.calls.clear();
    state.calls_on_main_thread = 0;
    state.calls_without_init = 0;
  } else if (verb == "calls") {
    return CallsJson(state);
  } else if (!verb.empty()) {
    return "{\"error\":\"the stand-in NVML does not know this request\"}";
  }
  return "null";
}

void ObeyEnvironment(State& state) {
  const char* text = std::getenv("TRTN_STANDIN_NVML");
  if (text == nullptr) return;
  std::istringstream requests(text);
  std::string request;
  while (std::getline(requests, request, ';')) Obey(state, request);
}

bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

}  // namespace

Answer Answers::Take() {
  if (next < list.size()) return list[next++];
  Answer last = list.back();
  last.value += step * static_cast<double>(++next - list.size());
  return last;
}

State& TheState() {
  // Never destroyed: a thread may call while the process ends.
  static State* const state = [] {
    auto* made = new State;
    ObeyEnvironment(*made);
    return made;
  }();
  return *state;
}

Answer Ask(const std::string& entry, const std::string& key) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.calls[entry]++;
  if (IsMainThread()) state.calls_on_main_thread++;
  if (state.users == 0 && entry != "nvmlInit_v2") state.calls_without_init++;
  const auto found = state.scripts.find(key);
  if (found != state.scripts.end()) return found->second.Take();
  for (const Default& known : kDefaults) {
    if (key == known.key) return (state.scripts[key] = ParseAnswers(known.answers)).Take();
  }
  return {};
}

}  // namespace standin

extern "C" __attribute__((visibility("default"))) char* trtn_standin_control(const char* request) {
  standin::State& state = standin::TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  return strdup(standin::Obey(state, request).c_str());
}
