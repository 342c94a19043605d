#include "image/oci/layer_tree.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "fetch/atomic_file.hpp"
#include "image/dockerfile.hpp"
#include "image/lock_slices.hpp"
#include "image/replay/environment_python.hpp"
#include "image/replay/install.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

bool holds_interpreter(const LayerTrees& trees) {
    const Layer* interpreter = trees.plan.layer(interpreter_layer);
    return interpreter != nullptr &&
           std::any_of(interpreter->packages.begin(), interpreter->packages.end(), [](const LayerPackage& p) {
               return p.kind == PackageKind::conda && p.name == "python";
           });
}

}  // namespace

bool layer_compiles(const LayerTrees& trees, const Layer& layer) {
    if (!trees.byte_code || !holds_interpreter(trees)) return false;
    return layer.id == interpreter_layer || holds_python_source(trees.lock, trees.plan, layer);
}

Result<std::vector<std::string>> fill_layer_tree(const LayerTrees& trees, const Layer& layer) {
    const fs::path root = trees.tree(layer.id);
    std::error_code error;
    fs::create_directories(root, error);
    if (error)
        return fail(ErrorCode::io, fmt::format("cannot create {}: {}", root.string(), error.message()));
    InstallOptions options;
    options.target = trees.plan.target;
    options.prefix = image_prefix;
    options.root = root;
    options.unpacked = trees.unpacked;
    options.only_read = true;
    options.byte_code = trees.byte_code;
    options.threads = trees.threads;
    SilentProgress silent;
    auto report = install(slice_lock(trees.lock, trees.plan, layer), options, trees.store, silent);
    if (!report) return tl::make_unexpected(report.error());
    // Byte code comes next, by the interpreter of another layer.
    std::erase_if(report->notes, [](const std::string& note) { return note.starts_with("no byte code"); });
    return std::move(report->notes);
}

Result<void> compile_layer_tree(const LayerTrees& trees, const Layer& layer) {
    const fs::path program = trees.scratch / fmt::format("{}.byte_code.py", layer.id);
    if (auto written = write_file_atomically(program, byte_code_program()); !written) return written;
    const std::string python =
        fmt::format("{}{}/bin/python", trees.tree(interpreter_layer).string(), image_prefix);
    const fs::path library =
        fs::path(trees.lock.target(trees.plan.target)->python_site_packages_path).parent_path();
    const std::vector<std::string> words{python,
                                         "-B",
                                         "-s",
                                         "-S",
                                         program.string(),
                                         trees.tree(layer.id).string(),
                                         fmt::format("{}/{}", image_prefix, library.string()),
                                         "--keep-times"};
    if (run_environment_python(words)) return {};
    return fail(ErrorCode::refused, "the environment's Python does not run here, so there is no byte code",
                "write the image on a machine of its platform, or give --no-byte-code");
}

}  // namespace aimlock
