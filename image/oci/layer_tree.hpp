#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fetch/package_store.hpp"
#include "image/layers.hpp"
#include "lock/lockfile.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// What the trees of an image's layers are made of and where they lie.
struct LayerTrees {
    const Lock& lock;
    const LayerPlan& plan;
    PackageStore& store;
    std::filesystem::path unpacked;  ///< store of unpacked packages to share files with; empty: none
    std::filesystem::path scratch;   ///< a tree a layer lies below it
    bool byte_code = true;
    unsigned threads = 0;

    [[nodiscard]] std::filesystem::path tree(std::string_view layer) const {
        return scratch / "trees" / layer;
    }
};

/// Whether the sources of `layer` are compiled: by the locked Python, which lies in the interpreter's layer.
bool layer_compiles(const LayerTrees& trees, const Layer& layer);

/// Fills the tree of `layer` from its slice of the lock, as the Dockerfile's `aimlock install --root` does.
/// Returns what is worth saying.
Result<std::vector<std::string>> fill_layer_tree(const LayerTrees& trees, const Layer& layer);

/// Compiles the Python of a filled tree, as the Dockerfile's byte_code.py does: by the interpreter's tree,
/// which must be there. Fails where that Python does not run on this machine.
Result<void> compile_layer_tree(const LayerTrees& trees, const Layer& layer);

}  // namespace aimlock
