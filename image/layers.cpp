// Which package goes into which image layer.
//
// A registry stores and sends whole layers. One layer for all packages ships 5 GiB when a 50 KB wheel moves;
// one layer a package is not possible (125 at most, and pulls slow down long before). So a plan minimises the
// bytes that a later bump ships: the sum over packages of (how often it moves) x (size of the layer that it
// lies in).
//
//   interpreter   Python and what it needs to start: byte code of the other layers is compiled with it
//   alone         packages whose removal from their bucket saves most: the heavy ones (they would be shipped
//   with
//                 every neighbour) and those that the manifest names (they move most, because people move
//                 them)
//   large, medium, small   the rest by size class of the download, inside a class into buckets by
//   sha256(name)
//
// Size classes come first because a hash alone puts a 700 MB package beside 40 small ones: simulated on 618
// packages (5.3 GiB, 16 layers), a bump of a small wheel ships 478 MiB with hashed buckets alone and 55 MiB
// with size classes. Hashing the name, not counting positions, keeps every other package in place when one
// comes or goes.
#include "image/layers.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

namespace aimlock {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

enum class Class : std::uint8_t { large, medium, small, rest };
constexpr std::array class_names{"large", "medium", "small", "rest"};
constexpr std::size_t class_count = class_names.size();

bool is_pure(const Package& package) {
    return package.kind == PackageKind::conda ? !package.noarch.empty()
                                              : package.url.find("-none-any.whl") != std::string::npos;
}

/// The size that the plan counts with. Plain HTML indexes state none: then a guess by kind, so that compiled
/// wheels do not share a layer with every small one.
std::uint64_t planned_bytes(const Package& package) {
    if (package.size_bytes != 0) return package.size_bytes;
    return is_pure(package) ? mebibyte / 8 : 8 * mebibyte;
}

/// One package while the plan is made.
struct Item {
    const Package* package = nullptr;
    std::uint64_t rate = 1;  ///< how often it moves, relative to a CUDA library
    bool asked = false;
    bool was_alone = false;
    std::size_t bucket = 0;  ///< index into the buckets
    bool alone = false;
};

struct Bucket {
    std::string id;
    std::uint64_t bytes = 0;
    std::uint64_t rate = 0;
    std::size_t members = 0;

    void add(const Item& item) {
        bytes += planned_bytes(*item.package);
        rate += item.rate;
        ++members;
    }
    void remove(const Item& item) {
        bytes -= planned_bytes(*item.package);
        rate -= item.rate;
        --members;
    }
};

std::string alone_id(const Package& package) {
    return (package.kind == PackageKind::conda ? "conda-" : "pypi-") + package.name;
}

bool is_cuda_library(std::string_view name) {
    constexpr std::array prefixes{"cuda-",   "libcu", "libnv", "libnpp",
                                  "nvidia-", "cudnn", "nccl",  "libcudnn"};
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view p) { return name.starts_with(p); });
}

std::uint64_t bump_rate(const Package& package) {
    if (is_cuda_library(package.name)) return 1;
    return is_pure(package) ? 3 : 2;
}

/// The package name at the start of a requirement: "numpy >=2", "conda-forge::numpy",
/// "transformers[torch]>=4".
std::string_view leading_name(std::string_view requirement) {
    if (const auto channel = requirement.rfind("::"); channel != std::string_view::npos) {
        requirement.remove_prefix(channel + 2);
    }
    std::size_t end = 0;
    const auto belongs = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    };
    while (end < requirement.size() && belongs(requirement[end])) ++end;
    return requirement.substr(0, end);
}

/// PEP 503 for PyPI, lower case for conda. (The solver's own parser needs a whole requirement; a root is one
/// already.)
std::string key_name(PackageKind kind, std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool separator = kind == PackageKind::pypi && (c == '-' || c == '_' || c == '.');
        if (!separator) {
            out += c;
        } else if (out.empty() || out.back() != '-') {
            out += '-';
        }
    }
    return out;
}

/// Python and its conda dependencies, transitively: they start alone. Empty where conda brings no Python.
std::set<std::string> interpreter_closure(const std::vector<const Package*>& packages) {
    std::map<std::string_view, const Package*> conda;
    for (const Package* package : packages) {
        if (package->kind == PackageKind::conda) conda.emplace(package->name, package);
    }
    std::set<std::string> closure;
    std::vector<std::string> open{"python"};
    while (!open.empty()) {
        const std::string name = std::move(open.back());
        open.pop_back();
        const auto found = conda.find(name);
        if (found == conda.end() || !closure.insert(name).second) continue;
        for (const std::string& depend : found->second->depends) open.emplace_back(leading_name(depend));
    }
    return closure;
}

/// How many buckets each class gets of `budget` layers: with 15, large 4, medium 3, small 2, and 6 packages
/// alone.
std::array<unsigned, class_count> bucket_counts(unsigned budget) {
    if (budget < 4) return {0, 0, 0, 1};
    return {std::max(1U, budget * 4 / 15), std::max(1U, budget * 3 / 15), std::max(1U, budget * 2 / 15), 0};
}

std::optional<Class> class_in(const LayerPlan* previous, const Package& package) {
    if (previous == nullptr) return std::nullopt;
    for (const Layer& layer : previous->layers) {
        for (std::size_t c = 0; c < class_count; ++c) {
            if (!layer.id.starts_with(fmt::format("{}-", class_names[c]))) continue;
            const auto same = [&](const LayerPackage& p) {
                return p.kind == package.kind && p.name == package.name;
            };
            if (std::any_of(layer.packages.begin(), layer.packages.end(), same)) return static_cast<Class>(c);
        }
    }
    return std::nullopt;
}

Class size_class(std::uint64_t bytes) {
    if (bytes >= 8 * mebibyte) return Class::large;
    return bytes >= mebibyte ? Class::medium : Class::small;
}

/// The class by size; a package that was in a neighbouring class stays until it is past the border by a
/// factor of two.
Class choose_class(const Package& package, const LayerPlan* previous) {
    const std::uint64_t bytes = planned_bytes(package);
    const Class now = size_class(bytes);
    const std::optional<Class> before = class_in(previous, package);
    if (!before || *before == Class::rest || *before == now) return now;
    const bool clear = size_class(bytes / 2) == now && size_class(bytes * 2) == now;
    return clear ? now : *before;
}

/// What putting `item` alone saves: its bumps no longer ship the bucket, the bucket's bumps no longer ship
/// it. In KiB.
std::uint64_t benefit(const Item& item, const Bucket& bucket) {
    const std::uint64_t bytes = planned_bytes(*item.package);
    const std::uint64_t saved =
        item.rate * ((bucket.bytes - bytes) / 1024) + (bytes / 1024) * (bucket.rate - item.rate);
    return item.was_alone ? 2 * saved : saved;
}

/// Packages of one plan, spread over buckets, some alone.
class Spread {
public:
    Spread(std::vector<Item> items, unsigned budget, const LayerPlan* previous) : items_(std::move(items)) {
        const auto counts = bucket_counts(budget);
        std::array<std::size_t, class_count> first{};
        for (std::size_t c = 0; c < class_count; ++c) {
            first[c] = buckets_.size();
            for (unsigned i = 1; i <= counts[c]; ++i) {
                buckets_.push_back(Bucket{fmt::format("{}-{}", class_names[c], i), 0, 0, 0});
            }
        }
        for (Item& item : items_) {
            const Class c = budget < 4 ? Class::rest : choose_class(*item.package, previous);
            const auto index = static_cast<std::size_t>(c);
            item.bucket = first[index] + sha256_of(item.package->name).bytes[0] % counts[index];
            buckets_[item.bucket].add(item);
        }
    }

    /// Puts the most rewarding packages alone while the number of layers stays within `budget`.
    void spend(unsigned budget) {
        while (layer_count() < budget) {
            Item* best = nullptr;
            for (Item& item : items_) {
                if (item.alone || benefit(item, buckets_[item.bucket]) == 0) continue;
                if (best == nullptr ||
                    benefit(item, buckets_[item.bucket]) > benefit(*best, buckets_[best->bucket]))
                    best = &item;
            }
            if (best == nullptr) return;
            put_alone(*best);
        }
    }

    /// Takes the largest packages out of buckets that are too large to pull well.
    void split_oversized(unsigned budget) {
        for (std::size_t b = 0; b < buckets_.size(); ++b) {
            while (buckets_[b].bytes > max_layer_bytes && buckets_[b].members > 1 && layer_count() < budget) {
                Item* largest = nullptr;
                for (Item& item : items_) {
                    if (item.alone || item.bucket != b) continue;
                    if (largest == nullptr || planned_bytes(*item.package) > planned_bytes(*largest->package))
                        largest = &item;
                }
                put_alone(*largest);
            }
        }
    }

    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] const std::vector<Bucket>& buckets() const { return buckets_; }

private:
    [[nodiscard]] std::size_t layer_count() const {
        return static_cast<std::size_t>(
            std::count_if(items_.begin(), items_.end(), [](const Item& i) { return i.alone; }) +
            std::count_if(buckets_.begin(), buckets_.end(), [](const Bucket& b) { return b.members > 0; }));
    }
    void put_alone(Item& item) {
        item.alone = true;
        buckets_[item.bucket].remove(item);
    }

    std::vector<Item> items_;  // in the lock's order, so ties fall the same way everywhere
    std::vector<Bucket> buckets_;
};

LayerPackage layer_package(const Package& package) {
    return {package.kind, package.name, package.version, package.size_bytes, package.sha256};
}

bool carries_layer_id(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), plain);
}

std::vector<Layer> layers_alone(const Spread& spread, bool asked) {
    std::vector<const Item*> alone;
    for (const Item& item : spread.items()) {
        if (item.alone && item.asked == asked) alone.push_back(&item);
    }
    std::ranges::stable_sort(alone, std::ranges::greater{},
                             [](const Item* i) { return planned_bytes(*i->package); });
    std::vector<Layer> layers;
    for (const Item* item : alone)
        layers.push_back({alone_id(*item->package), {layer_package(*item->package)}});
    return layers;
}

std::vector<Layer> bucket_layers(const Spread& spread) {
    std::vector<Layer> layers;
    for (std::size_t b = 0; b < spread.buckets().size(); ++b) {
        Layer layer{spread.buckets()[b].id, {}};
        for (const Item& item : spread.items()) {
            if (!item.alone && item.bucket == b) layer.packages.push_back(layer_package(*item.package));
        }
        if (!layer.packages.empty()) layers.push_back(std::move(layer));
    }
    return layers;
}

Result<void> check_request(const Lock& lock, std::string_view target, unsigned budget) {
    if (lock.target(target) == nullptr)
        return fail(ErrorCode::usage, fmt::format("the lock has no target `{}`", target));
    if (budget == 0 || budget > max_layer_budget) {
        return fail(ErrorCode::usage, fmt::format("an image takes 1 to {} layers of packages, not {}",
                                                  max_layer_budget, budget));
    }
    for (const Package* package : lock.packages_of(target)) {
        if (!carries_layer_id(package->name)) {
            return fail(ErrorCode::refused,
                        fmt::format("the package name `{}` cannot name an image layer", package->name));
        }
    }
    return {};
}

void append(std::vector<Layer>& to, std::vector<Layer> from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

std::uint64_t Layer::download_bytes() const {
    std::uint64_t sum = 0;
    for (const LayerPackage& package : packages) sum += package.size_bytes;
    return sum;
}

const Layer* LayerPlan::layer(std::string_view id) const {
    const auto found = std::ranges::find(layers, id, &Layer::id);
    return found == layers.end() ? nullptr : &*found;
}

std::set<PackageKey> asked_packages(const Lock& lock, std::string_view target) {
    std::set<PackageKey> asked;
    for (const LockRoot& root : lock.roots) {
        if (std::ranges::find(root.targets, target) == root.targets.end()) continue;
        asked.insert({root.kind, key_name(root.kind, leading_name(root.requirement))});
    }
    return asked;
}

Result<LayerPlan> plan_layers(const Lock& lock,
                              std::string_view target,
                              unsigned budget,
                              const std::set<PackageKey>& asked,
                              const LayerPlan* previous) {
    if (auto valid = check_request(lock, target, budget); !valid) return tl::make_unexpected(valid.error());
    if (previous != nullptr && (previous->budget != budget || previous->target != target)) previous = nullptr;

    const std::vector<const Package*> packages = lock.packages_of(target);
    const std::set<std::string> closure = interpreter_closure(packages);
    Layer interpreter{std::string(interpreter_layer), {}};
    std::vector<Item> items;
    for (const Package* package : packages) {
        const bool starts_python = package->kind == PackageKind::conda && closure.contains(package->name);
        if (starts_python || budget == 1) {
            interpreter.packages.push_back(layer_package(*package));
            continue;
        }
        Item item{package, bump_rate(*package), asked.contains({package->kind, package->name}), false, 0,
                  false};
        // What the manifest names is what people move.
        if (item.asked) item.rate *= 8;
        item.was_alone = previous != nullptr && previous->layer(alone_id(*package)) != nullptr;
        items.push_back(item);
    }

    const unsigned taken = interpreter.packages.empty() ? 0 : 1;
    LayerPlan plan{std::string(target), budget, {}};
    if (!items.empty()) {
        Spread spread(std::move(items), budget - taken, previous);
        spread.spend(budget - taken);
        spread.split_oversized(max_layer_budget - taken);
        append(plan.layers, layers_alone(spread, false));
        append(plan.layers, layers_alone(spread, true));
        if (taken != 0) plan.layers.push_back(std::move(interpreter));
        append(plan.layers, bucket_layers(spread));
    } else if (taken != 0) {
        plan.layers.push_back(std::move(interpreter));
    }
    return plan;
}

std::set<std::string> changed_layers(const LayerPlan& plan, const LayerPlan* previous) {
    std::set<std::string> changed;
    for (const Layer& layer : plan.layers) {
        const Layer* before = previous == nullptr ? nullptr : previous->layer(layer.id);
        if (before == nullptr || before->packages != layer.packages) changed.insert(layer.id);
    }
    return changed;
}

}  // namespace aimlock
