#include "image/side_files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/generated.hpp"

namespace aimlock {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& document) {
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string render_dockerignore() {
    return fmt::format("# {}\n*\n!.aimlock\n!aimlock.lock.d\n", generated_marker);
}

std::string render_devcontainer(const ServiceSettings& settings) {
    Json document;
    // The one place of the schema for other tools' keys; also how `aimlock image` knows the file again.
    document["customizations"]["aimlock"]["note"] = generated_marker;
    document["name"] = settings.name;
    document["build"] = {{"dockerfile", "../Dockerfile"}, {"context", ".."}};
    document["hostRequirements"]["gpu"] = "optional";
    document["workspaceMount"] =
        "source=${localWorkspaceFolder},target=" + settings.image.workdir + ",type=bind";
    document["workspaceFolder"] = settings.image.workdir;
    document["remoteUser"] = settings.image.user.substr(0, settings.image.user.find(':'));
    document["forwardPorts"] = settings.ports;
    return text_of(document);
}

std::string render_bake(const ServiceSettings& settings) {
    const std::string name = image_name(settings.name);
    Json document;
    document["//"] = generated_marker;
    document["variable"]["SOURCE_DATE_EPOCH"]["default"] = "315532800";
    document["group"]["default"]["targets"] = {"gpu"};
    const Json common = {{"context", "."},
                         {"dockerfile", "Dockerfile"},
                         {"args", {{"SOURCE_DATE_EPOCH", "${SOURCE_DATE_EPOCH}"}}}};
    for (const char* target : {"gpu", "cpu", "dev"}) {
        Json& entry = document["target"][target] = common;
        const std::string tag = std::string_view(target) == "gpu" ? name : name + ":" + target;
        entry["tags"] = Json::array({tag});
        entry["output"] = Json::array({"type=image,rewrite-timestamp=true"});
    }
    return text_of(document);
}

}  // namespace aimlock
