#include "cli/wiring/image_draft.hpp"

#include <utility>

#include <fmt/core.h>

#include "cli/wiring/files.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "cli/wiring/request.hpp"
#include "image/base_check.hpp"
#include "image/build_context.hpp"
#include "image/replay/artifact_check.hpp"
#include "lock/freshness.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

/// Reads the manifest's [image], where there is a manifest.
Checked<void> read_settings(const ImageFlags& flags, ImageDraft& draft, Console& console) {
    std::error_code ignored;
    fs::path file = flags.manifest;
    if (file.empty()) file = draft.folder / "aimlock.toml";
    if (flags.manifest.empty() && !fs::exists(file, ignored)) return {};
    auto manifest = read_manifest_file(file);
    if (!manifest) return tl::make_unexpected(std::move(manifest).error());
    draft.name = manifest->request.name;
    FreshnessInputs inputs;
    if (manifest->image) {
        draft.image = *manifest->image;
        inputs.image_base = manifest->image->base;
    }
    if (!stale_reasons(draft.lock, manifest->request, inputs).empty()) {
        console.write(LogLevel::warning, fmt::format("{} does not answer {} any more: run `aimlock solve`",
                                                     flags.lock, file.string()));
    }
    return {};
}

Result<std::string> target_of(const ImageFlags& flags, const ImageDraft& draft) {
    const std::string& given = flags.target.empty() ? draft.image.target : flags.target;
    if (given.empty() && !draft.lock.targets.empty()) return draft.lock.targets.front().name;
    return choose_target(draft.lock, given);
}

/// The plan that the folder's image was last made by.
Result<std::optional<LayerPlan>> read_previous(const fs::path& folder) {
    const fs::path file = folder / layer_plan_file;
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return std::optional<LayerPlan>();
    const auto text = read_text_file(file, "layer plan");
    if (!text) return tl::make_unexpected(text.error());
    auto plan = read_layer_plan(*text, file.string());
    if (!plan) return tl::make_unexpected(std::move(plan).error());
    return std::optional(std::move(*plan));
}

}  // namespace

Checked<ImageDraft> draft_image(const ImageFlags& flags, Console& console) {
    const auto failed = [](Error error) { return tl::make_unexpected(std::vector{std::move(error)}); };
    ImageDraft draft;
    auto lock = read_lock_file(flags.lock);
    if (!lock) return failed(lock.error());
    draft.lock = std::move(*lock);
    draft.folder = fs::path(flags.lock).parent_path();
    if (auto read = read_settings(flags, draft, console); !read)
        return tl::make_unexpected(std::move(read).error());
    if (draft.name.empty()) draft.name = fs::absolute(draft.folder / ".").parent_path().filename().string();
    if (!flags.base.empty()) {
        draft.image.base = flags.base;
        draft.lock.base.reset();
    }
    const auto target = target_of(flags, draft);
    if (!target) return failed(target.error());
    draft.target = *target;
    if (auto wheels = check_archives_only(draft.lock.packages_of(draft.target)); !wheels)
        return failed(wheels.error());
    auto previous = read_previous(draft.folder);
    if (!previous) return failed(previous.error());
    draft.previous = std::move(*previous);
    draft.asked = asked_packages(draft.lock, draft.target);
    const LayerPlan* before = draft.previous ? &*draft.previous : nullptr;
    auto plan = plan_layers(draft.lock, draft.target, draft.image.layers, draft.asked, before);
    if (!plan) return failed(plan.error());
    draft.plan = std::move(*plan);
    if (flags.base == no_base) return draft;
    auto warnings = check_base(draft.lock, draft.plan, draft.image);
    if (!warnings) return failed(warnings.error());
    for (const std::string& warning : *warnings) console.write(LogLevel::warning, warning);
    draft.warnings = std::move(*warnings);
    return draft;
}

}  // namespace aimlock::cli
