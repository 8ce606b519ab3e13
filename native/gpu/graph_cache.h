// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/engine_control.h"

namespace trtn::gpu {

/// Captured graphs by what they were captured for, the least recently used one goes first. Not thread-safe.
template <typename Graph>
class GraphCache {
 public:
  struct Entry {
    Graph graph;
    bool has_graph = false;
    /// A capture failed: not tried again.
    bool is_refused = false;
  };

  /// `limit` graphs are kept; what is known of keys without one is bounded too.
  explicit GraphCache(size_t limit) : limit_(limit) {}

  /// The entry of a key, made if it is new, and from now on the most recently used one. Valid until the next
  /// call of another key.
  Entry& Use(const std::string& key) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return found->second->second;
    }
    order_.emplace_front(key, Entry());
    index_.emplace(key, order_.begin());
    if (order_.size() > 4 * limit_ + kMostWithoutGraph) {
      if (order_.back().second.has_graph) --graphs_;
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    return order_.front().second;
  }

  /// Keeps a graph in an entry that Use() has just returned. Returns how many others had to go.
  size_t Keep(Entry& entry, Graph graph) {
    entry.graph = std::move(graph);
    entry.has_graph = true;
    ++graphs_;
    size_t evicted = 0;
    for (auto item = order_.rbegin(); graphs_ > limit_ && item != order_.rend(); ++item) {
      if (!item->second.has_graph || &item->second == &entry) continue;
      item->second.graph = Graph();
      item->second.has_graph = false;
      --graphs_;
      ++evicted;
    }
    return evicted;
  }

  /// Gives an entry's graph back.
  void Drop(Entry& entry) {
    if (std::exchange(entry.has_graph, false)) --graphs_;
    entry.graph = Graph();
  }

  /// Forgets everything: what the graphs were captured with has changed.
  void Clear() noexcept {
    index_.clear();
    order_.clear();
    graphs_ = 0;
  }
  size_t graphs() const { return graphs_; }

 private:
  static constexpr size_t kMostWithoutGraph = 32;
  using Item = std::pair<std::string, Entry>;

  const size_t limit_;
  size_t graphs_ = 0;
  std::list<Item> order_;
  std::unordered_map<std::string, typename std::list<Item>::iterator> index_;
};

/// Why shapes do not run as graphs, each told once; no more than a bounded number. Thread-safe.
class GraphFailureList {
 public:
  void Add(const std::string& shapes, const std::string& reason) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const GraphFailure& known : failures_) {
      if (known.shapes == shapes && known.reason == reason) return;
    }
    if (failures_.size() < kMost) failures_.push_back({shapes, reason});
  }
  std::vector<GraphFailure> List() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return failures_;
  }

 private:
  static constexpr size_t kMost = 64;
  mutable std::mutex mutex_;
  std::vector<GraphFailure> failures_;
};

}  // namespace trtn::gpu
