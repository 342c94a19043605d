#include "lock/manifest/image_table.hpp"

#include <algorithm>
#include <string_view>

namespace aimlock {
namespace {

/// True for a text of ASCII letters, digits and `allowed` alone: what can stand in a Dockerfile without
/// quoting.
bool is_plain(std::string_view text, std::string_view allowed) {
    return !text.empty() && std::ranges::all_of(text, [allowed](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               allowed.find(c) != std::string_view::npos;
    });
}

void plain_text(TableReader& in,
                std::string_view key,
                std::string_view allowed,
                std::string& out,
                ManifestErrors& errors) {
    const TomlNode* value = in.text_node(key);
    if (value == nullptr) return;
    if (is_plain(value->text, allowed)) {
        out = value->text;
    } else {
        errors.add("`" + value->text + "` is not a " + std::string(key), value->pos);
    }
}

std::vector<std::string> plain_texts(TableReader& in,
                                     std::string_view key,
                                     std::string_view allowed,
                                     ManifestErrors& errors) {
    std::vector<std::string> out = in.texts(key);
    const TomlNode* list = in.node(key);
    for (const std::string& text : out) {
        if (!is_plain(text, allowed))
            errors.add("`" + text + "` cannot stand in `" + std::string(key) + "`", list->pos);
    }
    return out;
}

/// A command: a list of arguments, or one text for the shell.
std::vector<std::string> command(TableReader& in, std::string_view key) {
    const TomlNode* value = in.node(key);
    if (value == nullptr || value->kind != TomlNode::Kind::text) return in.texts(key);
    const std::optional<std::string> line = in.text(key);
    return line ? std::vector<std::string>{"sh", "-c", *line} : std::vector<std::string>{};
}

void read_ports(TableReader& in, ImageManifest& image, ManifestErrors& errors) {
    const TomlNode* ports = in.node("ports");
    if (ports == nullptr) return;
    if (ports->kind != TomlNode::Kind::array)
        return errors.add("`ports` is not a list", ports->pos, "write `ports = [8888]`");
    for (const TomlNode& port : ports->items) {
        if (port.kind != TomlNode::Kind::integer || port.integer < 1 || port.integer > 65'535) {
            errors.add("a port is a number from 1 to 65535", port.pos);
        } else {
            image.ports.push_back(static_cast<unsigned>(port.integer));
        }
    }
}

void read_env(TableReader& in, ImageManifest& image, ManifestErrors& errors) {
    const TomlNode* table = in.table("env");
    if (table == nullptr) return;
    TableReader values(*table, "[image.env]", errors);
    for (const TomlEntry& entry : table->entries) {
        if (!is_plain(entry.key, "_") || (entry.key.front() >= '0' && entry.key.front() <= '9')) {
            errors.add("`" + entry.key + "` is not the name of an environment variable", entry.pos);
        } else if (const auto value = values.text(entry.key)) {
            image.env[entry.key] = *value;
        }
    }
}

}  // namespace

ImageManifest read_image_table(const TomlNode& table,
                               const std::vector<std::string>& targets,
                               ManifestErrors& errors) {
    ImageManifest image;
    TableReader in(table, "[image]", errors);
    plain_text(in, "base", "-_./:@", image.base, errors);
    if (const TomlNode* target = in.text_node("target")) {
        image.target = target->text;
        if (std::ranges::find(targets, target->text) == targets.end()) {
            errors.add("there is no target `" + target->text + "`", target->pos,
                       nearest_known(target->text, targets));
        }
    }
    image.layers = static_cast<unsigned>(in.number("layers", 1, 127).value_or(16));
    read_ports(in, image, errors);
    image.command = command(in, "command");
    plain_text(in, "user", "-_:", image.user, errors);
    plain_text(in, "workdir", "-_./", image.workdir, errors);
    if (!image.workdir.starts_with('/'))
        errors.add("`workdir` is not an absolute path", in.node("workdir")->pos);
    read_env(in, image, errors);
    image.healthcheck = command(in, "healthcheck");
    image.apt = plain_texts(in, "apt", "-_.+:~=", errors);
    image.compose_gpus = in.flag("compose-gpus").value_or(false);
    image.secrets = plain_texts(in, "secrets", "-_.", errors);
    in.finish();
    return image;
}

}  // namespace aimlock
