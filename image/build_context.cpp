#include "image/build_context.hpp"

#include <map>
#include <system_error>

#include <fmt/format.h>

#include "fetch/archive_store.hpp"
#include "fetch/atomic_file.hpp"
#include "image/generated.hpp"
#include "image/lock_slices.hpp"
#include "image/side_files.hpp"

namespace aimlock {

namespace fs = std::filesystem;

namespace {

/// File texts by path relative to the context's folder, in the order in which they are written.
using Files = std::vector<std::pair<std::string, std::string>>;

tl::unexpected<Error> io_failure(std::string_view doing, const fs::path& file, const std::error_code& error) {
    return fail(ErrorCode::io, fmt::format("cannot {} `{}`: {}", doing, file.string(), error.message()));
}

/// The files that people read, and might have one of their own of.
Result<Files> files_for_people(const Lock& lock, const LayerPlan& plan, const DockerfileSettings& settings) {
    auto dockerfile = render_dockerfile(lock, plan, settings);
    if (!dockerfile) return tl::make_unexpected(dockerfile.error());
    const ServiceSettings services{settings.name, settings.image, image_ports(lock, plan, settings.image)};
    return Files{{"Dockerfile", *std::move(dockerfile)},
                 {"compose.yaml", render_compose(services)},
                 {".dockerignore", render_dockerignore()},
                 {".devcontainer/devcontainer.json", render_devcontainer(services)},
                 {"docker-bake.json", render_bake(services)}};
}

Files files_for_the_builder(const Lock& lock, const LayerPlan& plan) {
    Files files{{".aimlock/byte_code.py", byte_code_program()}, {".aimlock/.gitignore", "*\n"}};
    for (const Layer& layer : plan.layers) {
        files.emplace_back(fmt::format("aimlock.lock.d/{}.lock", layer.id),
                           write_lock(slice_lock(lock, plan, layer)));
    }
    return files;
}

Result<void> write_files(const fs::path& folder, const Files& files) {
    for (const auto& [name, text] : files) {
        if (auto written = write_file_atomically(folder / name, text); !written) return written;
    }
    return {};
}

Result<void> copy_installer(const fs::path& program, const fs::path& destination) {
    std::error_code error;
    if (fs::equivalent(program, destination, error)) return {};
    fs::create_directories(destination.parent_path(), error);
    if (error) return io_failure("create", destination.parent_path(), error);
    const fs::path temporary = fs::path(destination).concat(".part");
    fs::remove(temporary, error);
    fs::copy_file(program, temporary, error);
    if (!error) fs::permissions(temporary, fs::perms(0755), error);
    if (!error) fs::rename(temporary, destination, error);
    if (!error) return {};
    const std::error_code reason = error;
    fs::remove(temporary, error);
    return io_failure("write", destination, reason);
}

/// Slices of layers that the new plan does not have.
void remove_stale_slices(const fs::path& folder, const LayerPlan& plan, const LayerPlan* previous) {
    if (previous == nullptr) return;
    std::error_code ignored;
    for (const Layer& layer : previous->layers) {
        if (plan.layer(layer.id) == nullptr)
            fs::remove(folder / fmt::format("aimlock.lock.d/{}.lock", layer.id), ignored);
    }
}

}  // namespace

Result<void> split_pool(const Lock& lock,
                        const LayerPlan& plan,
                        PackageStore& pool,
                        const fs::path& destination,
                        Progress& progress) {
    std::map<std::pair<PackageKind, std::string>, const Layer*> layer_of;
    for (const Layer& layer : plan.layers) {
        std::error_code error;
        fs::create_directories(destination / layer.id, error);
        if (error) return io_failure("create", destination / layer.id, error);
        for (const LayerPackage& package : layer.packages) layer_of[{package.kind, package.name}] = &layer;
    }
    const std::vector<const Package*> packages = lock.packages_of(plan.target);
    const auto link = [&](std::size_t index, const fs::path& archive) -> Result<void> {
        const Package& package = *packages[index];
        const fs::path place =
            destination / layer_of.at({package.kind, package.name})->id / archive_name(package);
        std::error_code error;
        fs::create_hard_link(archive, place, error);
        // Another file system, or one without hard links.
        if (error) fs::copy_file(archive, place, fs::copy_options::overwrite_existing, error);
        if (error) return io_failure("write", place, error);
        return {};
    };
    return pool.provide(packages, link, progress);
}

Result<std::vector<std::string>> write_build_context(const Lock& lock,
                                                     const LayerPlan& plan,
                                                     const BuildContext& context,
                                                     Progress& progress) {
    const auto visible = files_for_people(lock, plan, context.dockerfile);
    if (!visible) return tl::make_unexpected(visible.error());
    for (const auto& [name, text] : *visible) {
        if (context.force) break;
        if (auto free = check_replaceable(context.folder / name); !free)
            return tl::make_unexpected(free.error());
    }

    const fs::path hidden = context.folder / ".aimlock";
    std::error_code error;
    fs::remove_all(hidden / "pool", error);
    Result<void> step;
    if (error) step = io_failure("remove", hidden / "pool", error);
    if (step && context.dockerfile.vendored)
        step = split_pool(lock, plan, *context.pool, hidden / "pool", progress);
    if (step) step = copy_installer(context.installer, hidden / "bin" / "aimlock");
    if (step) step = write_files(context.folder, files_for_the_builder(lock, plan));
    if (step) step = write_files(context.folder, *visible);
    if (step) step = write_file_atomically(context.folder / layer_plan_file, write_layer_plan(plan));
    if (!step) return tl::make_unexpected(step.error());
    remove_stale_slices(context.folder, plan, context.previous);

    std::vector<std::string> names;
    for (const auto& [name, text] : *visible) names.push_back(name);
    names.emplace_back(layer_plan_file);
    return names;
}

}  // namespace aimlock
