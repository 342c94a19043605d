#include "lock/manifest/target_tables.hpp"

#include <algorithm>
#include <iterator>

#include "lock/manifest/requirement_tables.hpp"
#include "lock/manifest/target_rules.hpp"

namespace aimlock {
namespace {

const std::vector<std::string> known_platforms{"linux-64",  "linux-aarch64", "linux-ppc64le", "osx-64",
                                               "osx-arm64", "win-64",        "win-arm64"};

bool is_target_name(std::string_view name) {
    return !name.empty() && name.front() != '-' && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

/// A text that must be of `form`, such as "12.4"; nullopt: not there, or not of it.
std::optional<std::string> number_text(
    TableReader& in, std::string_view key, std::size_t least, std::size_t most, ManifestErrors& errors) {
    const TomlNode* value = in.text_node(key);
    if (value == nullptr) return std::nullopt;
    if (is_dotted_number(value->text, least, most)) return value->text;
    errors.add("`" + value->text + "` is not a version such as `" + (key == "python" ? "3.12" : "12.4") + "`",
               value->pos);
    return std::nullopt;
}

void read_cuda(TableReader& in, Target& target, ManifestErrors& errors) {
    const TomlNode* cuda = in.text_node("cuda");
    if (cuda != nullptr && cuda->text != "none") {
        if (is_dotted_number(cuda->text, 1, 2)) {
            target.cuda = cuda->text;
        } else {
            errors.add("`" + cuda->text + "` is neither a CUDA version nor `none`", cuda->pos,
                       "write `cuda = \"12.4\"`");
        }
    }
    const TomlNode* architectures = in.node("cuda-arch");
    if (architectures != nullptr && architectures->kind != TomlNode::Kind::array) {
        errors.add("`cuda-arch` is not a list", architectures->pos, "write `cuda-arch = [\"8.6\"]`");
    } else if (architectures != nullptr) {
        for (const TomlNode* item : text_items(*architectures, errors)) {
            if (is_dotted_number(item->text, 2, 2)) {
                target.cuda_arch.push_back(item->text);
            } else {
                errors.add("`" + item->text + "` is not a compute capability such as `8.6`", item->pos);
            }
        }
    }
    target.cuda_compat = in.flag("cuda-compat").value_or(false);
    target.cuda_mixed = in.flag("cuda-mixed").value_or(false);
    if (const auto contradiction = target_contradiction(target)) {
        errors.add("target `" + target.name + "`: " + *contradiction, architectures->pos, {},
                   ErrorCode::target);
    }
}

TargetRequest read_target(const TomlEntry& entry,
                          const std::vector<std::string>& platforms,
                          const RequirementTables& workspace,
                          ManifestErrors& errors) {
    TargetRequest out;
    Target& target = out.target;
    target.name = entry.key;
    if (!platforms.empty()) target.platform = platforms.front();
    TableReader in(entry.value, "[targets." + entry.key + "]", errors);
    if (const TomlNode* platform = in.text_node("platform");
        platform != nullptr && check_platform(platform->text, platform->pos, errors)) {
        target.platform = platform->text;
        if (!platforms.empty() && std::ranges::find(platforms, platform->text) == platforms.end()) {
            errors.add("platform `" + platform->text + "` is not one of the workspace's", platform->pos,
                       "add it to `platforms` in [workspace]");
        }
    }
    read_cuda(in, target, errors);
    if (auto glibc = number_text(in, "glibc", 2, 2, errors)) target.glibc = *glibc;
    if (auto python = number_text(in, "python", 2, 3, errors)) target.python = *python;
    if (const TomlNode* archspec = in.text_node("archspec")) {
        target.archspec = archspec->text;
        if (!is_target_name(archspec->text))
            errors.add("`" + archspec->text + "` is not a microarchitecture", archspec->pos);
    } else if (target.platform != "linux-64" && target.platform != "osx-64" && target.platform != "win-64") {
        // The plain name of the processor's family, which is what the platform ends in.
        target.archspec = target.platform.substr(target.platform.find('-') + 1);
    }
    add_requirements(workspace, out, errors);
    add_requirements(take_requirement_tables(in), out, errors);
    in.finish();
    return out;
}

}  // namespace

bool check_platform(const std::string& platform, const SourcePos& pos, ManifestErrors& errors) {
    if (std::ranges::find(known_platforms, platform) != known_platforms.end()) return true;
    errors.add("unknown platform `" + platform + "`", pos, nearest_known(platform, known_platforms));
    return false;
}

RequirementTables take_requirement_tables(TableReader& in) {
    return {in.table("dependencies"), in.table("pypi-dependencies"), in.table("constraints")};
}

void add_requirements(const RequirementTables& tables, TargetRequest& target, ManifestErrors& errors) {
    const auto append = [](auto& into, auto from) {
        into.insert(into.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    if (tables.dependencies != nullptr) append(target.conda, read_conda_table(*tables.dependencies, errors));
    if (tables.pypi_dependencies != nullptr)
        append(target.pypi, read_pypi_table(*tables.pypi_dependencies, errors));
    if (tables.constraints != nullptr) read_constraints_table(*tables.constraints, target, errors);
}

std::vector<TargetRequest> read_targets(const TomlNode* table,
                                        const std::vector<std::string>& platforms,
                                        const RequirementTables& workspace,
                                        ManifestErrors& errors) {
    std::vector<TargetRequest> out;
    if (table != nullptr && !table->entries.empty()) {
        for (const TomlEntry& entry : table->entries) {
            if (entry.value.kind != TomlNode::Kind::table) {
                errors.add("`" + entry.key + "` is not a table", entry.pos,
                           "write `[targets." + entry.key + "]`");
            } else if (!is_target_name(entry.key)) {
                errors.add("`" + entry.key + "` is not a target name", entry.pos,
                           "use letters, digits, `-`, `_` and `.`");
            } else {
                out.push_back(read_target(entry, platforms, workspace, errors));
            }
        }
        return out;
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(platforms.size(), 1); ++i) {
        TomlEntry plain;
        plain.key = platforms.size() > 1 ? platforms[i] : "default";
        out.push_back(
            read_target(plain, platforms.empty() ? platforms : std::vector{platforms[i]}, workspace, errors));
    }
    return out;
}

}  // namespace aimlock
