#pragma once

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "solver/engine/encoding.hpp"

namespace aimlock::engine {

/// CUDA as part of a round. `cuda-major` is one name with a version for each major that the target runs;
/// whatever is made for a major requires it. So the driver's limit and "one major in one environment" are
/// the same rule. What can never run on the target, or is no answer to what was asked, gets a requirement
/// that nothing meets.
class CudaRules {
public:
    CudaRules(const RoundsInput& input, PypiWorld& pypi, EncodedRound& round)
        : input_(input), limits_(input.cuda), pypi_(pypi), round_(round) {}

    /// Conda records that fix a major. Without a driver they mean what they mean to conda: nothing.
    void bind_records();
    /// What a release needs, added to `requirements`.
    void add_needs_of_release(const Origin& origin, std::set<KeyId>& requirements);
    /// What an extra of a release needs.
    void add_needs_of_extra(const Origin& origin, std::set<KeyId>& requirements);
    /// Builds for two majors that install the same files never stand together, whatever else is allowed.
    void exclude_shared_files();

private:
    [[nodiscard]] std::optional<unsigned> need_of(const Project& project, const Release& release) const;
    [[nodiscard]] bool is_cpu_build_beside_gpu(const Origin& origin) const;
    [[nodiscard]] bool steps_back_past_cuda(const Origin& origin, std::string_view extra) const;
    KeyId major_key(unsigned major);
    KeyId refusal(KeyMeaning::Kind kind, const Origin& origin);

    const RoundsInput& input_;
    const CudaLimits& limits_;
    PypiWorld& pypi_;
    EncodedRound& round_;
    std::map<unsigned, KeyId> major_keys_;
    std::optional<std::uint32_t> major_name_;
};

}  // namespace aimlock::engine
