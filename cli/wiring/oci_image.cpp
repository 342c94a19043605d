#include "cli/wiring/oci_image.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "cli/wiring/files.hpp"
#include "cli/wiring/stores.hpp"
#include "image/build_context.hpp"
#include "image/oci/write_oci_image.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

/// A base is part of what was asked: an image without it would not be that image.
Result<void> check_base(const ImageFlags& flags, const ImageDraft& draft) {
    const std::string base = base_reference(draft.lock, draft.image);
    if (!flags.base_layout.empty() || base.empty() || flags.base == no_base) return {};
    return fail(
        ErrorCode::usage, fmt::format("the base `{}` has to lie on disk", base),
        fmt::format("give `--base-layout DIR` (skopeo copy docker://{} oci:DIR), or `--base none` for the "
                    "lock's layers alone",
                    base));
}

Result<WrittenImage> write_layout(const ImageFlags& flags, const ImageDraft& draft, Console& console) {
    if (auto known = check_base(flags, draft); !known) return tl::make_unexpected(known.error());
    const auto compression = read_compression(flags.compression);
    if (!compression) return tl::make_unexpected(compression.error());
    auto store = open_store({flags.lock, flags.vendor, console.options().offline}, draft.lock, console);
    if (!store) return tl::make_unexpected(std::move(store).error());
    OciSettings settings;
    settings.folder = flags.oci;
    settings.base_layout = flags.base_layout;
    settings.name = draft.name;
    settings.image = draft.image;
    if (flags.base == no_base) settings.image.base.clear();
    settings.compression = *compression;
    settings.byte_code = !flags.no_byte_code;
    settings.unpacked = (*store)->unpacked();
    settings.threads = flags.threads;
    auto written =
        write_oci_image(draft.lock, draft.plan, settings, (*store)->packages(), console.progress());
    if (!written) return written;
    const fs::path plan = draft.folder / layer_plan_file;
    if (auto kept = write_file_atomically(plan, write_layer_plan(draft.plan)); !kept)
        return tl::make_unexpected(kept.error());
    return written;
}

}  // namespace

Ending write_oci(const ImageFlags& flags, const ImageDraft& draft, Console& console) {
    const auto written = write_layout(flags, draft, console);
    console.end_progress();
    if (!written) return ended(written.error());
    for (const std::string& note : written->notes) console.write(LogLevel::note, note);
    if (flags.base_layout.empty()) {
        console.write(
            LogLevel::note,
            "no base: the image holds the lock's files alone; what needs a C library or a shell of the "
            "base starts once `--base-layout` brings one");
    }
    if (!written->base_digest.empty() &&
        base_reference(draft.lock, draft.image).find('@') == std::string::npos) {
        console.write(LogLevel::note,
                      fmt::format("the base is not pinned: `base = \"{}@{}\"` keeps it",
                                  base_reference(draft.lock, draft.image), written->base_digest));
    }
    if (console.options().json) console.answer(oci_document(draft.target, *written, draft.warnings));
    const std::string reused = written->reused == 0 ? "" : fmt::format(", {} kept", written->reused);
    const std::size_t layers = written->base_layers + written->layers.size();
    console.say(fmt::format("Wrote {}: {}, {} ({} new{})\n{}\n", escaped(flags.oci), counted(layers, "layer"),
                            size_text(written->bytes), size_text(written->new_bytes), reused,
                            written->digest));
    return exit_yes;
}

}  // namespace aimlock::cli
