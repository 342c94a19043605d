#include "image/layer_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace aimlock {
namespace {

constexpr std::size_t width = 80;

std::string size_text(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

/// "medium 1 of 3": how many buckets of its class the plan has is clear at once.
std::string layer_label(const LayerPlan& plan, const Layer& layer) {
    const std::size_t dash = layer.id.rfind('-');
    for (const std::string_view kind : {"large", "medium", "small", "rest"}) {
        if (dash == std::string::npos || layer.id.compare(0, dash, kind) != 0) continue;
        const auto same = [&](const Layer& l) {
            return l.id.compare(0, dash + 1, fmt::format("{}-", kind)) == 0;
        };
        const auto buckets = std::count_if(plan.layers.begin(), plan.layers.end(), same);
        return buckets == 1 ? std::string(kind) : fmt::format("{} {}", kind, layer.id.substr(dash + 1));
    }
    if (layer.id == interpreter_layer) return layer.id;
    return layer.packages.front().name;
}

/// What is new in a layer: names that came or moved, "-name" for those that went.
std::vector<std::string> moved(const Layer& layer, const Layer& before) {
    std::vector<std::string> names;
    for (const LayerPackage& package : layer.packages) {
        if (std::ranges::find(before.packages, package) == before.packages.end())
            names.push_back(package.name);
    }
    for (const LayerPackage& package : before.packages) {
        const auto same = [&](const LayerPackage& p) {
            return p.kind == package.kind && p.name == package.name;
        };
        if (std::none_of(layer.packages.begin(), layer.packages.end(), same))
            names.push_back("-" + package.name);
    }
    return names;
}

std::string change_text(const Layer& layer, const LayerPlan* previous, std::size_t room) {
    const Layer* before = previous == nullptr ? nullptr : previous->layer(layer.id);
    if (before == nullptr) return "new";
    if (before->packages == layer.packages) return "same";
    if (layer.packages.size() == 1) return "new bytes";
    const std::vector<std::string> names = moved(layer, *before);
    std::string text = "new bytes: ";
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string more = fmt::format("+ {} more", names.size() - i);
        const std::size_t reserve = i + 1 < names.size() ? more.size() + 2 : 0;
        if (text.size() + names[i].size() + reserve > room) return text + more;
        text += names[i];
        if (i + 1 < names.size()) text += ", ";
    }
    return text;
}

std::string shortened(std::string name, std::size_t room) {
    if (name.size() <= room) return name;
    const std::size_t tail = (room - 3) / 2;
    return name.substr(0, room - 3 - tail) + "..." + name.substr(name.size() - tail);
}

}  // namespace

std::string render_layer_table(const LayerPlan& plan,
                               const LayerPlan* previous,
                               const std::optional<LockBase>& base,
                               const std::set<PackageKey>& asked) {
    constexpr std::size_t name_room = 24;
    const std::size_t fixed =
        std::string_view(" #   ").size() + name_room + std::string_view("  pkgs    download  ").size();
    std::string text =
        base ? fmt::format("Base {}{}{}\n", base->image, base->digest.empty() ? "" : "@", base->digest) : "";
    text += fmt::format(" #   {:<{}}  pkgs    download  since the last image\n", "layer", name_room);

    const std::set<std::string> changed = changed_layers(plan, previous);
    std::size_t packages = 0;
    std::uint64_t total = 0;
    std::uint64_t shipped = 0;
    for (std::size_t i = 0; i < plan.layers.size(); ++i) {
        const Layer& layer = plan.layers[i];
        const LayerPackage& first = layer.packages.front();
        std::string change = change_text(layer, previous, width - fixed);
        if (layer.packages.size() == 1 && asked.contains({first.kind, first.name}))
            change += ", asked by name";
        text += fmt::format("{:>2}   {:<{}}  {:>4}  {:>10}  {}\n", i + 1,
                            shortened(layer_label(plan, layer), name_room), name_room, layer.packages.size(),
                            size_text(layer.download_bytes()), change);
        packages += layer.packages.size();
        total += layer.download_bytes();
        if (changed.contains(layer.id)) shipped += layer.download_bytes();
    }
    text += fmt::format("{} packages, {} in {} layers; a rebuild ships {}\n", packages, size_text(total),
                        plan.layers.size(), changed.empty() ? "nothing" : size_text(shipped));
    return text;
}

}  // namespace aimlock
