#include <string>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "lock/manifest/any_manifest.hpp"
#include "lock/manifest/pip_lines.hpp"
#include "lock/manifest/requirement_tables.hpp"
#include "lock/manifest/target_tables.hpp"

namespace aimlock {
namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 20U;

/// One environment.yml under way.
class EnvironmentReader {
public:
    EnvironmentReader(std::string_view text, Manifest& manifest, ManifestErrors& errors)
        : text_(text), manifest_(manifest), errors_(errors) {}

    void read(const YAML::Node& document) {
        if (!document.IsMap())
            return errors_.add("expected `name`, `channels` and `dependencies`", {manifest_.file, 1, 1});
        std::vector<std::string> platforms;
        for (const auto& entry : document) {
            const std::string key = entry.first.Scalar();
            if (key == "name") {
                manifest_.request.name = scalar(entry.second);
            } else if (key == "channels") {
                for (const YAML::Node& channel : entry.second) add_channel(scalar(channel));
            } else if (key == "platforms") {
                for (const YAML::Node& platform : entry.second) {
                    if (check_platform(scalar(platform), place(platform), errors_))
                        platforms.push_back(scalar(platform));
                }
            } else if (key == "dependencies") {
                read_dependencies(entry.second);
            } else if (key != "prefix") {
                manifest_.notes.push_back("`" + key + "` of " + manifest_.file + " is read past");
            }
        }
        std::vector<TargetRequest> targets = read_targets(nullptr, platforms, {}, errors_);
        for (TargetRequest& target : targets) {
            target.conda = target_.conda;
            target.pypi = target_.pypi;
        }
        manifest_.request.targets = std::move(targets);
    }

private:
    [[nodiscard]] SourcePos place(const YAML::Node& node) const {
        const YAML::Mark mark = node.Mark();
        if (mark.is_null()) return {manifest_.file, 1, 1};
        SourcePos pos{manifest_.file, static_cast<std::uint32_t>(mark.line) + 1,
                      static_cast<std::uint32_t>(mark.column) + 1};
        // yaml-cpp gives the place of the quote.
        const auto at = static_cast<std::size_t>(mark.pos);
        if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'')) ++pos.column;
        return pos;
    }

    std::string scalar(const YAML::Node& node) {
        if (node.IsScalar()) return node.Scalar();
        errors_.add("expected a text", place(node));
        return {};
    }

    void add_channel(const std::string& channel) {
        // conda's word for "and no others", which is what a list of channels means here.
        if (channel != "nodefaults" && !channel.empty()) manifest_.request.channels.push_back(channel);
    }

    void read_dependencies(const YAML::Node& list) {
        if (!list.IsSequence()) return errors_.add("`dependencies` is not a list", place(list));
        for (const YAML::Node& item : list) {
            if (item.IsScalar()) {
                read_conda(item);
            } else if (const YAML::Node lines = pip_lines(item); lines.IsSequence()) {
                for (const YAML::Node& line : lines) {
                    read_pip_line(scalar(line), place(line), manifest_, target_, errors_);
                }
            } else {
                errors_.add("expected a MatchSpec or a `pip:` list", place(item));
            }
        }
    }

    /// What stands under `pip:` in an item that holds nothing else; null for any other item.
    static YAML::Node pip_lines(const YAML::Node& item) {
        if (!item.IsMap() || item.size() != 1) return {};
        for (const auto& entry : item) {
            if (entry.first.IsScalar() && entry.first.Scalar() == "pip") return entry.second;
        }
        return {};
    }

    void read_conda(const YAML::Node& item) {
        const SourcePos pos = place(item);
        Result<CondaRoot> root = read_conda_requirement(item.Scalar(), pos);
        if (root) return target_.conda.push_back(*std::move(root));
        Error error = std::move(root).error();
        error.pos = advanced(pos, error.pos.line == 0 ? 0 : error.pos.column - 1);
        error.code = ErrorCode::manifest;
        errors_.add(std::move(error));
    }

    std::string_view text_;
    Manifest& manifest_;
    ManifestErrors& errors_;
    TargetRequest target_;
};

}  // namespace

tl::expected<Manifest, std::vector<Error>> read_environment_yml(std::string_view text,
                                                                const std::string& file) {
    const auto one = [](Error error) { return tl::make_unexpected(std::vector{std::move(error)}); };
    if (text.size() > max_bytes)
        return one({ErrorCode::manifest, "file is larger than 1 MiB", {file, 1, 1}, {}});
    Manifest manifest;
    manifest.file = file;
    ManifestErrors errors;
    // yaml-cpp reports by exceptions, and by the same type for syntax and for a wrong use of its tree.
    try {
        EnvironmentReader(text, manifest, errors).read(YAML::Load(std::string(text)));
    } catch (const YAML::Exception& fault) {
        const auto line = static_cast<std::uint32_t>(fault.mark.is_null() ? 0 : fault.mark.line);
        const auto column = static_cast<std::uint32_t>(fault.mark.is_null() ? 0 : fault.mark.column);
        return one({ErrorCode::manifest, fault.msg, {file, line + 1, column + 1}, {}});
    }
    if (!errors.empty()) return tl::make_unexpected(std::move(errors).taken());
    return manifest;
}

}  // namespace aimlock
