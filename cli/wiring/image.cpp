#include "cli/wiring/image.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "cli/wiring/image_draft.hpp"
#include "cli/wiring/oci_image.hpp"
#include "cli/wiring/push_image.hpp"
#include "cli/wiring/stores.hpp"
#include "image/build_context.hpp"
#include "image/installer.hpp"
#include "image/layer_table.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

Ending show_plan(const ImageDraft& draft, Console& console) {
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
bool comes_from_a_folder(const ImageDraft& draft) {
    const auto packages = draft.lock.packages_of(draft.target);
    return std::any_of(packages.begin(), packages.end(), [](const Package* package) {
        const auto is_at = [&](std::string_view scheme) { return package->url.starts_with(scheme); };
        return !is_at("http://") && !is_at("https://") && !is_at("oci://");
    });
}

Result<Dialect> read_dialect(const std::string& word) {
    if (word == "portable") return Dialect::portable;
    if (word == "classic") return Dialect::classic;
    return fail(ErrorCode::usage, fmt::format("`--dialect {}` is not one of portable, classic", word));
}

Result<std::vector<std::string>> write_files(const ImageFlags& flags,
                                             const ImageDraft& draft,
                                             Console& console) {
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
    if (!flags.action.empty()) return push_layout(flags, console);
    if (flags.base == no_base && flags.oci.empty() && !flags.plan)
        return ended_usage("a Dockerfile needs a base", "`--base none` goes with `--oci`");
    const auto draft = draft_image(flags, console);
    if (!draft) return tl::make_unexpected(draft.error());
    if (flags.plan) return show_plan(*draft, console);
    if (!flags.oci.empty()) return write_oci(flags, *draft, console);
    const auto files = write_files(flags, *draft, console);
    console.end_progress();
    if (!files) return ended(files.error());
    if (console.options().json) console.answer(image_document(draft->plan, *files, draft->warnings));
    std::string names;
    for (const std::string& file : *files) names += (names.empty() ? "" : ", ") + escaped(file);
    console.say(fmt::format("Wrote {}\n{} in {}; next: docker build -t {} .\n", names,
                            counted(draft->lock.packages_of(draft->target).size(), "package"),
                            counted(draft->plan.layers.size(), "layer"), image_name(draft->name)));
    return exit_yes;
}

}  // namespace aimlock::cli
