#include "cli/wiring/push_image.hpp"

#include <fmt/core.h>

#include "cli/exit_codes.hpp"
#include "cli/render/json_documents.hpp"
#include "cli/render/text.hpp"
#include "image/oci/push_image.hpp"

namespace aimlock::cli {

Ending push_layout(const ImageFlags& flags, Console& console) {
    if (flags.action != "push")
        return ended_usage(fmt::format("`{}` is nothing that `aimlock image` does", escaped(flags.action)),
                           "give `push REF`, or flags alone");
    if (flags.reference.empty() || flags.oci.empty())
        return ended_usage("`aimlock image push` needs a reference and `--oci`",
                           "aimlock image push registry.example/team/image:1.0 --oci DIR");
    if (console.options().offline) return ended_usage("`--offline` and `push` go against each other");
    const auto reference = read_registry_reference(flags.reference);
    if (!reference) return ended(reference.error());
    PushSettings settings;
    settings.layout = flags.oci;
    settings.reference = *reference;
    settings.mount_from = flags.mount_from;
    settings.environment = Environment::of_process();
    if (flags.threads != 0) settings.connections = flags.threads;
    const auto pushed = push_image(settings, console.progress());
    console.end_progress();
    if (!pushed) return ended(pushed.error());
    if (console.options().json) console.answer(push_document(reference->text(), *pushed));
    console.say(fmt::format("Pushed {}: {} sent ({}), {} mounted, {} there already\n{}\n", reference->text(),
                            counted(pushed->uploaded, "blob"), size_text(pushed->uploaded_bytes),
                            pushed->mounted, pushed->present, pushed->digest));
    return exit_yes;
}

}  // namespace aimlock::cli
