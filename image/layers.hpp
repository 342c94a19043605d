#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lock/lockfile.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

inline constexpr unsigned max_layer_budget = 60;
/// Registries and pulls suffer above this; a bucket that would be larger gives up its largest packages.
inline constexpr std::uint64_t max_layer_bytes = std::uint64_t{2} << 30;

/// A package as the plan knows it: enough to tell whether a layer's bytes changed since the last plan.
struct LayerPackage {
    PackageKind kind = PackageKind::conda;
    std::string name;
    std::string version;
    std::uint64_t size_bytes = 0;  ///< of the download
    Sha256 sha256;

    friend bool operator==(const LayerPackage&, const LayerPackage&) = default;
};

/// Packages that share one image layer.
struct Layer {
    std::string
        id;  ///< "conda-libtorch" (alone), "interpreter", "large-1", …: stable from one lock to the next
    std::vector<LayerPackage> packages;  ///< conda before PyPI, then by name

    [[nodiscard]] std::uint64_t download_bytes() const;
    friend bool operator==(const Layer&, const Layer&) = default;
};

/// Which package of a target lies in which layer of its image. The content of aimlock.layers.
struct LayerPlan {
    std::string target;
    unsigned budget = 16;
    std::vector<Layer> layers;  ///< in the order they are put on the base

    [[nodiscard]] const Layer* layer(std::string_view id) const;
    friend bool operator==(const LayerPlan&, const LayerPlan&) = default;
};

/// The id of the layer that holds Python and everything it needs to start.
inline constexpr std::string_view interpreter_layer = "interpreter";

/// A package name in its world; PyPI names normalised.
struct PackageKey {
    PackageKind kind = PackageKind::conda;
    std::string name;
    friend auto operator<=>(const PackageKey&, const PackageKey&) = default;
};

/// What the manifest asks for by name in one target, from the lock's roots.
std::set<PackageKey> asked_packages(const Lock& lock, std::string_view target);

/// Cuts a target of `lock` into at most `budget` layers, from the lock alone: the same lock gives the same
/// plan on every machine. With the previous plan (same budget), packages stay where they are unless their
/// size says otherwise clearly, so that an updated lock changes few layers. More than `budget` layers come
/// only from buckets above 2 GiB. Fails on an unknown target, a budget outside 1..60, and a package name that
/// no layer id can carry.
Result<LayerPlan> plan_layers(const Lock& lock,
                              std::string_view target,
                              unsigned budget,
                              const std::set<PackageKey>& asked,
                              const LayerPlan* previous = nullptr);

/// The text of aimlock.layers.
std::string write_layer_plan(const LayerPlan& plan);

/// Reads what `write_layer_plan` wrote; `file` names it in errors.
Result<LayerPlan> read_layer_plan(std::string_view text, const std::string& file);

/// Ids of the layers of `plan` whose content `previous` does not have byte for byte.
std::set<std::string> changed_layers(const LayerPlan& plan, const LayerPlan* previous);

}  // namespace aimlock
