#include "cli/wiring/image.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "cli/wiring/files.hpp"
#include "cli/wiring/lock_in_use.hpp"
#include "cli/wiring/request.hpp"
#include "cli/wiring/stores.hpp"
#include "image/build_context.hpp"
#include "image/installer.hpp"
#include "image/layer_table.hpp"
#include "lock/freshness.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

/// All that an image is made of, before anything is written.
struct Draft {
    Lock lock;
    fs::path folder;
    std::string name;
    ImageManifest image;
    std::string target;
    LayerPlan plan;
    std::optional<LayerPlan> previous;
    std::set<PackageKey> asked;
};

/// Reads the manifest's [image], where there is a manifest.
Checked<void> read_settings(const ImageFlags& flags, Draft& draft, Console& console) {
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

Result<std::string> target_of(const ImageFlags& flags, const Draft& draft) {
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

Checked<Draft> draft_image(const ImageFlags& flags, Console& console) {
    const auto failed = [](Error error) { return tl::make_unexpected(std::vector{std::move(error)}); };
    Draft draft;
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
    auto previous = read_previous(draft.folder);
    if (!previous) return failed(previous.error());
    draft.previous = std::move(*previous);
    draft.asked = asked_packages(draft.lock, draft.target);
    const LayerPlan* before = draft.previous ? &*draft.previous : nullptr;
    auto plan = plan_layers(draft.lock, draft.target, draft.image.layers, draft.asked, before);
    if (!plan) return failed(plan.error());
    draft.plan = std::move(*plan);
    return draft;
}

Ending show_plan(const Draft& draft, Console& console) {
    const LayerPlan* previous = draft.previous ? &*draft.previous : nullptr;
    if (console.options().json) {
        console.answer(plan_document(draft.plan, previous));
    } else {
        std::optional<LockBase> base = draft.lock.base;
        if (!base && !draft.image.base.empty()) base = LockBase{draft.image.base, {}};
        console.answer(render_layer_table(draft.plan, previous, base, draft.asked));
    }
    return exit_yes;
}

/// The program that will run in the build: the one that is named, else this one where it is static, else the
/// one that preset `static` makes beside this build.
Result<fs::path> installer_of(const ImageFlags& flags, const std::string& platform) {
    if (!flags.installer.empty()) return fs::path(flags.installer);
    std::error_code failed;
    const fs::path self = fs::read_symlink("/proc/self/exe", failed);
    if (failed)
        return fail(ErrorCode::io, "cannot find this program's own file",
                    "name a static aimlock with `--installer`");
    if (check_installer(self, platform)) return self;
    // build/PRESET/cli/aimlock
    const fs::path built = self.parent_path().parent_path().parent_path() / "static/cli/aimlock";
    return fs::exists(built, failed) ? built : self;
}

/// A build cannot reach a folder: where a channel is one, the context has to carry the archives.
bool comes_from_a_folder(const Draft& draft) {
    const auto packages = draft.lock.packages_of(draft.target);
    return std::any_of(packages.begin(), packages.end(), [](const Package* package) {
        return !package->url.starts_with("http://") && !package->url.starts_with("https://");
    });
}

Result<Dialect> read_dialect(const std::string& word) {
    if (word == "portable") return Dialect::portable;
    if (word == "classic") return Dialect::classic;
    return fail(ErrorCode::usage, fmt::format("`--dialect {}` is not one of portable, classic", word));
}

Result<std::vector<std::string>> write_files(const ImageFlags& flags, const Draft& draft, Console& console) {
    BuildContext context;
    const auto dialect = read_dialect(flags.dialect);
    if (!dialect) return tl::make_unexpected(dialect.error());
    const std::string& platform = draft.lock.target(draft.target)->platform;
    const auto installer = installer_of(flags, platform);
    if (!installer) return tl::make_unexpected(installer.error());
    const auto digest = check_installer(*installer, platform);
    if (!digest) return tl::make_unexpected(digest.error());

    const bool vendored = !flags.vendor.empty() || comes_from_a_folder(draft);
    context.folder = draft.folder.empty() ? fs::path(".") : draft.folder;
    context.previous = draft.previous ? &*draft.previous : nullptr;
    context.dockerfile = {draft.name, draft.image, *digest, *dialect, vendored};
    context.installer = *installer;
    context.force = flags.force;
    std::unique_ptr<OpenedStore> pool;
    if (vendored) {
        auto opened = open_store({flags.lock, flags.vendor, console.options().offline}, draft.lock, console);
        if (!opened) return tl::make_unexpected(std::move(opened).error());
        pool = std::move(*opened);
        context.pool = &pool->packages();
    }
    return write_build_context(draft.lock, draft.plan, context, console.progress());
}

}  // namespace

Ending write_image(const ImageFlags& flags, Console& console) {
    const auto draft = draft_image(flags, console);
    if (!draft) return tl::make_unexpected(draft.error());
    if (flags.plan) return show_plan(*draft, console);
    const auto files = write_files(flags, *draft, console);
    console.end_progress();
    if (!files) return ended(files.error());
    if (console.options().json) console.answer(image_document(draft->plan, *files));
    std::string names;
    for (const std::string& file : *files) names += (names.empty() ? "" : ", ") + escaped(file);
    console.say(fmt::format("Wrote {}\n{} in {}; next: docker build -t {} .\n", names,
                            counted(draft->lock.packages_of(draft->target).size(), "package"),
                            counted(draft->plan.layers.size(), "layer"), image_name(draft->name)));
    return exit_yes;
}

}  // namespace aimlock::cli
