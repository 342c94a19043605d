#include "solver/engine/cuda_index.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/cuda_major.hpp"

namespace aimlock {
namespace {

struct Variant {
    bool cpu = false;
    unsigned cuda_major = 0;
};

// Of the last part of the address, or of the one before `simple`.
std::optional<Variant> variant_of(std::string_view address) {
    while (address.ends_with('/')) address.remove_suffix(1);
    if (address.ends_with("/simple")) address.remove_suffix(std::string_view("/simple").size());
    const std::string_view last = address.substr(std::min(address.rfind('/'), address.size() - 1) + 1);
    if (last == "cpu") return Variant{true, 0};
    if (!last.starts_with("cu") || last.find_first_not_of("0123456789", 2) != std::string_view::npos)
        return std::nullopt;
    const auto major = engine::cuda_major_of_digits(last.substr(2));
    return major ? std::optional(Variant{false, *major}) : std::nullopt;
}

}  // namespace

std::vector<std::string> indexes_for(const Target& target, const std::vector<std::string>& indexes) {
    const engine::CudaLimits limits = engine::cuda_limits_of(target);
    const bool cuda_left = std::ranges::any_of(indexes, [&](const std::string& index) {
        const auto variant = variant_of(index);
        return variant && limits.runs(variant->cuda_major) && !variant->cpu;
    });
    std::vector<std::string> asked;
    for (const std::string& index : indexes) {
        const auto variant = variant_of(index);
        const bool fits = !variant || (variant->cpu ? !cuda_left : limits.runs(variant->cuda_major));
        if (fits) asked.push_back(index);
    }
    return asked.empty() ? indexes : asked;
}

}  // namespace aimlock
