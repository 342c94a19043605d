#include "cli/wiring/solve_flags.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/core.h>
#include <fmt/format.h>

#include "lock/instant.hpp"
#include "lock/manifest/target_rules.hpp"
#include "solver/spec/direct_url.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock::cli {
namespace {

const SourcePos command_line{{}, 0, 0};

using Errors = std::vector<Error>;

void add(Errors& errors, std::string message, std::string hint = {}) {
    errors.push_back({ErrorCode::usage, std::move(message), command_line, std::move(hint)});
}

template <class T>
struct Choice {
    std::string_view word;
    T value;
};

constexpr std::array prerelease_choices{Choice<PrereleaseMode>{"if-necessary", PrereleaseMode::if_necessary},
                                        Choice<PrereleaseMode>{"allow", PrereleaseMode::allow},
                                        Choice<PrereleaseMode>{"disallow", PrereleaseMode::disallow}};
constexpr std::array resolution_choices{
    Choice<ResolutionMode>{"highest", ResolutionMode::highest},
    Choice<ResolutionMode>{"lowest", ResolutionMode::lowest},
    Choice<ResolutionMode>{"lowest-direct", ResolutionMode::lowest_direct}};
constexpr std::array priority_choices{Choice<ChannelPriority>{"strict", ChannelPriority::strict},
                                      Choice<ChannelPriority>{"flexible", ChannelPriority::flexible},
                                      Choice<ChannelPriority>{"disabled", ChannelPriority::disabled}};

/// Sets `out` to the choice that `text` names; leaves it where the flag is not given.
template <class T, std::size_t n>
void choose(const char* flag,
            const std::string& text,
            const std::array<Choice<T>, n>& choices,
            T& out,
            Errors& errors) {
    if (text.empty()) return;
    std::string words;
    for (const auto& [word, value] : choices) {
        if (word == text) {
            out = value;
            return;
        }
        words += fmt::format("{}{}", words.empty() ? "" : ", ", word);
    }
    add(errors, fmt::format("`{} {}` is not one of {}", flag, text, words));
}

/// True for "X.Y" or, with `patch`, also "X.Y.Z"; digits only.
bool is_dotted(std::string_view text, std::size_t least, std::size_t most) {
    std::size_t parts = 0;
    bool in_number = false;
    for (const char c : text) {
        if (c == '.') {
            if (!in_number) return false;
            in_number = false;
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            if (!in_number) ++parts;
            in_number = true;
        } else {
            return false;
        }
    }
    return in_number && parts >= least && parts <= most;
}

/// A parse failure of a requirement, with the text it is about.
Error about(Error error, const char* flag, const std::string& text) {
    const std::uint32_t column = error.pos.column;
    std::string message = fmt::format("{} in `{} {}`", error.message, flag, text);
    if (column > 0) message += fmt::format(", at character {}", column);
    return {ErrorCode::usage, std::move(message), command_line, std::move(error.hint)};
}

/// "numpy>=2" as "numpy >=2": messages and the lock show a name and what is asked of it apart.
std::string spaced(const std::string& text) {
    const std::size_t channel = text.find("::");
    const std::size_t name = channel == std::string::npos ? 0 : channel + 2;
    const std::size_t end = text.find_first_of(" =<>!~[", name);
    if (end == std::string::npos || text[end] == ' ' || text[end] == '[') return text;
    return text.substr(0, end) + " " + text.substr(end);
}

void read_conda(const SolveFlags& flags, TargetRequest& out, Errors& errors) {
    for (const std::string& text : flags.conda) {
        auto spec = MatchSpec::parse(text, {{}, 0, 1});
        if (!spec) {
            errors.push_back(about(std::move(spec).error(), "--conda", text));
            continue;
        }
        out.conda.push_back({std::move(*spec), spaced(text), command_line});
    }
}

std::string shown(const Requirement& requirement) {
    std::string text = requirement.name;
    for (std::size_t i = 0; i < requirement.extras.size(); ++i)
        text += (i == 0 ? "[" : ",") + requirement.extras[i];
    if (!requirement.extras.empty()) text += "]";
    if (const auto address = DirectUrl::parse(requirement.url.value_or("")); requirement.url && address)
        text += " @ " + address->text();
    if (!requirement.specifiers.empty()) text += " " + requirement.specifiers.text();
    if (requirement.marker) text += (requirement.url ? " ; " : "; ") + requirement.marker->text();
    return text;
}

void read_pypi(const SolveFlags& flags, TargetRequest& out, Errors& errors) {
    for (const std::string& text : flags.pypi) {
        auto requirement = Requirement::parse(text, {{}, 0, 1});
        if (!requirement) {
            errors.push_back(about(std::move(requirement).error(), "--pypi", text));
            continue;
        }
        if (requirement->url) {
            if (auto address = DirectUrl::parse(*requirement->url); !address) {
                errors.push_back(
                    {ErrorCode::usage, address.error().message, command_line, address.error().hint});
                continue;
            }
        }
        std::string written = shown(*requirement);
        out.pypi.push_back({std::move(*requirement), std::move(written), std::nullopt, command_line});
    }
}

void read_platform(const SolveFlags& flags,
                   const HostFacts& host,
                   Target& target,
                   Errors& errors,
                   std::vector<std::string>& assumed) {
    constexpr std::array known{"linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64"};
    if (!flags.platform.empty()) {
        if (std::ranges::find(known, flags.platform) == known.end()) {
            add(errors, fmt::format("`--platform {}` is not a platform that aimlock knows", flags.platform),
                fmt::format("the platforms are {}", fmt::join(known, ", ")));
        }
        target.platform = flags.platform;
        return;
    }
    if (host.platform.empty())
        add(errors, "this machine's platform is not one that aimlock knows", "give `--platform linux-64`");
    target.platform = host.platform;
    assumed.push_back("platform " + host.platform);
}

void read_glibc(const SolveFlags& flags,
                const HostFacts& host,
                Target& target,
                Errors& errors,
                std::vector<std::string>& assumed) {
    if (!flags.glibc.empty()) {
        if (!is_dotted(flags.glibc, 2, 2))
            add(errors, fmt::format("`--glibc {}` is not a version like 2.35", flags.glibc));
        target.glibc = flags.glibc;
        return;
    }
    if (!target.platform.starts_with("linux-")) return;
    // Another platform's C library cannot be read here: it gets what a manifest's target gets.
    if (target.platform == host.platform && host.glibc) target.glibc = *host.glibc;
    assumed.push_back("glibc " + target.glibc);
}

void read_cuda(const SolveFlags& flags,
               const HostFacts& host,
               Target& target,
               Errors& errors,
               std::vector<std::string>& assumed) {
    if (!flags.cuda.empty()) {
        if (flags.cuda == "none") return;
        if (!is_dotted(flags.cuda, 2, 2))
            add(errors, fmt::format("`--cuda {}` is not a version like 12.4", flags.cuda),
                "write `--cuda none` for machines without a GPU driver");
        target.cuda = flags.cuda;
        return;
    }
    if (target.platform == host.platform) target.cuda = host.cuda;
    assumed.push_back(target.cuda ? "CUDA " + *target.cuda : std::string("no GPU driver"));
}

void read_architectures(const SolveFlags& flags, Target& target, Errors& errors) {
    for (const std::string& text : flags.cuda_arch) {
        if (!is_dotted(text, 2, 2))
            add(errors, fmt::format("`--cuda-arch {}` is not a compute capability like 8.6", text));
        target.cuda_arch.push_back(text);
    }
    if (!flags.cuda_arch.empty() && !target.cuda) {
        add(errors, "`--cuda-arch` asks for a GPU, but the target has no GPU driver",
            "give `--cuda X.Y`, what the driver supports");
    } else if (const auto contradiction = target_contradiction(target); contradiction && errors.empty()) {
        errors.push_back({ErrorCode::target, *contradiction, command_line, {}});
    }
}

void read_python(const SolveFlags& flags, const TargetRequest& asked, Target& target, Errors& errors) {
    if (flags.python.empty()) return;
    if (!is_dotted(flags.python, 2, 3))
        add(errors, fmt::format("`--python {}` is not a version like 3.12 or 3.12.7", flags.python));
    const auto installs_python = [](const CondaRoot& root) { return root.spec.name == "python"; };
    if (std::ranges::any_of(asked.conda, installs_python)) {
        add(errors,
            "`--python` is for a Python that the base image brings, but `--conda python` installs one",
            "leave `--python` out");
    }
    target.python = flags.python;
}

void read_overrides(const SolveFlags& flags, Request& request, Errors& errors) {
    choose("--prerelease", flags.prerelease, prerelease_choices, request.options.prerelease, errors);
    choose("--resolution", flags.resolution, resolution_choices, request.options.resolution, errors);
    choose("--channel-priority", flags.channel_priority, priority_choices, request.options.channel_priority,
           errors);
    if (!flags.exclude_newer.empty()) {
        auto instant = parse_instant(flags.exclude_newer, {{}, 0, 1});
        if (instant)
            request.options.exclude_newer_ms = *instant;
        else
            errors.push_back(about(std::move(instant).error(), "--exclude-newer", flags.exclude_newer));
    }
    SourcePolicy& sources = request.options.sources;
    if (flags.allow_sdist && flags.allowed_sdists.empty()) sources.all = true;
    for (const std::string& name : flags.allowed_sdists) {
        if (is_valid_pypi_name(name)) {
            sources.allowed.push_back(normalize_pypi_name(name));
        } else {
            add(errors, fmt::format("`--allow-sdist {}` names no PyPI project", name));
        }
    }
    if (!flags.indexes.empty()) request.indexes = flags.indexes;
    if (!flags.name_map.empty()) request.name_map = flags.name_map;
}

/// Keeps the targets that `--target` names.
void choose_targets(const SolveFlags& flags, Request& request, Errors& errors) {
    if (flags.targets.empty()) return;
    std::vector<TargetRequest> chosen;
    for (TargetRequest& target : request.targets) {
        if (std::ranges::find(flags.targets, target.target.name) != flags.targets.end())
            chosen.push_back(target);
    }
    std::string known;
    for (const TargetRequest& target : request.targets)
        known += (known.empty() ? "" : ", ") + target.target.name;
    for (const std::string& name : flags.targets) {
        const auto same = [&name](const TargetRequest& target) { return target.target.name == name; };
        if (!std::ranges::any_of(request.targets, same)) {
            add(errors, fmt::format("the manifest has no target `{}`", name), "its targets are " + known);
        }
    }
    request.targets = std::move(chosen);
}

}  // namespace

Checked<Request> request_from_flags(const SolveFlags& flags,
                                    const HostFacts& host,
                                    std::vector<std::string>& notes) {
    Errors errors;
    Request request;
    TargetRequest target;
    std::vector<std::string> assumed;
    if (flags.targets.size() > 1)
        add(errors, "a request without a manifest has one target, `--target` is given more than once");
    if (!flags.targets.empty()) target.target.name = flags.targets.front();
    read_conda(flags, target, errors);
    read_pypi(flags, target, errors);
    read_platform(flags, host, target.target, errors, assumed);
    read_glibc(flags, host, target.target, errors, assumed);
    read_cuda(flags, host, target.target, errors, assumed);
    read_architectures(flags, target.target, errors);
    read_python(flags, target, target.target, errors);
    read_overrides(flags, request, errors);
    if (!errors.empty()) return tl::make_unexpected(std::move(errors));
    // Channels answer conda requirements only: without one, none is read and none is named in the lock.
    if (!flags.conda.empty())
        request.channels = flags.channels.empty() ? std::vector<std::string>{"conda-forge"} : flags.channels;
    if (!assumed.empty())
        notes.push_back("from this machine: " + fmt::format("{}", fmt::join(assumed, ", ")));
    request.targets.push_back(std::move(target));
    return request;
}

Checked<Request> with_overrides(Request request, const SolveFlags& flags) {
    Errors errors;
    const std::array<std::pair<const char*, bool>, 6> request_only{{{"--channel", !flags.channels.empty()},
                                                                    {"--platform", !flags.platform.empty()},
                                                                    {"--python", !flags.python.empty()},
                                                                    {"--cuda", !flags.cuda.empty()},
                                                                    {"--cuda-arch", !flags.cuda_arch.empty()},
                                                                    {"--glibc", !flags.glibc.empty()}}};
    for (const auto& [flag, given] : request_only) {
        if (given) {
            add(errors, fmt::format("`{}` belongs to a request without a manifest", flag),
                "write it in the manifest, or give the request with `--conda` and `--pypi`");
        }
    }
    read_overrides(flags, request, errors);
    choose_targets(flags, request, errors);
    if (!errors.empty()) return tl::make_unexpected(std::move(errors));
    return request;
}

}  // namespace aimlock::cli
