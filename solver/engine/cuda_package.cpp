#include "solver/engine/cuda_package.hpp"

#include <algorithm>
#include <string_view>

#include "solver/engine/cuda_conda.hpp"
#include "solver/engine/cuda_limits.hpp"
#include "solver/engine/cuda_major.hpp"

namespace aimlock {
namespace {

using CudaVersion = std::pair<unsigned, unsigned>;

/// The `>=` bound of one "__cuda …" spec; 0.0 where it has none.
CudaVersion lower_bound(std::string_view spec) {
    constexpr std::string_view name = "__cuda";
    if (!spec.starts_with(name)) return {0, 0};
    spec.remove_prefix(name.size());
    if (!spec.empty() && spec.front() != ' ' && spec.front() != '>')
        return {0, 0};  // __cuda_arch is another package
    const std::size_t at = spec.find(">=");
    if (at == std::string_view::npos) return {0, 0};
    return engine::two_numbers(spec.substr(std::min(spec.find_first_not_of(' ', at + 2), spec.size())));
}

}  // namespace

std::optional<unsigned> cuda_major_of(const Package& package) {
    if (package.kind == PackageKind::conda)
        return engine::cuda_major_of_record(package.name, package.version, package.build);
    const auto version = Pep440Version::parse(package.version);
    return version ? engine::cuda_major_of(package.name, *version) : std::nullopt;
}

std::pair<unsigned, unsigned> oldest_cuda_for(std::span<const Package* const> packages) {
    CudaVersion needed{0, 0};
    for (const Package* package : packages) {
        needed = std::max(needed, CudaVersion{cuda_major_of(*package).value_or(0), 0});
        for (const std::string& spec : package->depends) needed = std::max(needed, lower_bound(spec));
        for (const std::string& spec : package->constrains) needed = std::max(needed, lower_bound(spec));
    }
    return needed;
}

}  // namespace aimlock
