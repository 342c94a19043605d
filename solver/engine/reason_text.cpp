#include "solver/engine/reason_text.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "solver/engine/cuda_code.hpp"
#include "solver/engine/cuda_limits.hpp"

namespace aimlock::engine {
namespace {

// "numpy >=2 py312*" where name, version and build say it all; else the canonical spelling.
std::string readable(const MatchSpec& spec) {
    MatchSpec short_form;
    short_form.name = spec.name;
    short_form.version = spec.version;
    short_form.build = spec.build;
    if (short_form.text() != spec.text()) return spec.text();
    std::string text = spec.name;
    if (spec.version) text += " " + spec.version->text();
    if (spec.build) text += (spec.version ? " " : " * ") + spec.build->text();
    return text;
}

}  // namespace

std::string ReasonText::name(SolvableId id) const {
    const Origin& origin = round_.origins[id];
    switch (origin.kind) {
        case Origin::Kind::record:
        case Origin::Kind::record_extra:
            return std::string(solver_.conda().name_of(origin.index));
        case Origin::Kind::unless:
            return "a condition that is not met";
        case Origin::Kind::cuda_major:
            return "CUDA " + std::to_string(origin.index);
        case Origin::Kind::constraints:
            return "the bounds in [constraints]";
        default:
            return solver_.pypi()[origin.project].name;
    }
}

std::string ReasonText::solvable(SolvableId id) const {
    const Origin& origin = round_.origins[id];
    const std::string called = name(id);
    switch (origin.kind) {
        case Origin::Kind::record:
        case Origin::Kind::record_extra:
            return called + " " + solver_.conda().version_of(origin.index).text() + " (conda)";
        case Origin::Kind::release:
        case Origin::Kind::extra:
            return called +
                   (origin.extra == no_extra
                        ? std::string()
                        : "[" + std::string(solver_.pypi().extra_name(origin.extra)) + "]") +
                   " " + solver_.pypi()[origin.project].releases[origin.release].text + " (PyPI)";
        case Origin::Kind::tail:
            return "an older " + called + " (PyPI)";
        default:
            return called;
    }
}

std::string ReasonText::dependency_text(const PypiDependency& dependency) const {
    std::string text = solver_.pypi()[dependency.project].name;
    if (dependency.extra != no_extra)
        text += "[" + std::string(solver_.pypi().extra_name(dependency.extra)) + "]";
    if (dependency.address != 0)
        return text + " @ " + std::string(solver_.pypi().address(dependency.address));
    const std::string specifiers = solver_.pypi().specifier_set(dependency.specifiers).text();
    return specifiers.empty() ? text : text + " " + specifiers;
}

std::string ReasonText::key(KeyId id) const {
    const KeyMeaning& meaning = round_.meanings[id];
    switch (meaning.kind) {
        case KeyMeaning::Kind::spec: {
            const std::string text = readable(solver_.conda().spec(meaning.index));
            if (text.starts_with("__cuda")) names_cuda_ = true;
            return text.starts_with("__") ? "`" + text + "`" : text;
        }
        case KeyMeaning::Kind::dependency:
            return dependency_text(solver_.pypi().dependency(meaning.index));
        case KeyMeaning::Kind::exact_release: {
            const Project& project = solver_.pypi()[meaning.index];
            return project.name + " ==" + project.releases[meaning.release].text;
        }
        case KeyMeaning::Kind::record:
            return std::string(solver_.conda().name_of(meaning.index)) + " " +
                   solver_.conda().version_of(meaning.index).text();
        case KeyMeaning::Kind::python:
            blamed_.python = true;
            return "another Python";
        case KeyMeaning::Kind::cuda:
            names_cuda_ = true;
            return "CUDA " + std::to_string(meaning.index) + " (`__cuda >=" + std::to_string(meaning.index) +
                   "`)";
        case KeyMeaning::Kind::gpu_code:
            names_cuda_ = true;
            return "another GPU";
        case KeyMeaning::Kind::cuda_extra:
            return "the CUDA that its extra asks for";
        case KeyMeaning::Kind::gpu_build:
            return "a target without a driver";
        default:
            return "another choice";
    }
}

// Where all are releases of one project or records of one name: "lib 2.0 (PyPI)" and "lib 1.0".
std::pair<std::optional<std::string>, std::optional<std::string>> ReasonText::newest_and_oldest(
    const std::vector<SolvableId>& solvables) const {
    const auto plain = [&](SolvableId id) {
        const Origin& origin = round_.origins[id];
        const bool release = origin.kind == Origin::Kind::release;
        return (release || origin.kind == Origin::Kind::record) &&
               origin.kind == round_.origins[solvables.front()].kind && name(id) == name(solvables.front());
    };
    if (!std::ranges::all_of(solvables, plain)) return {};
    const auto older = [&](SolvableId a, SolvableId b) {
        const Origin& x = round_.origins[a];
        const Origin& y = round_.origins[b];
        if (x.kind == Origin::Kind::release) return x.release > y.release;
        return solver_.conda().version_of(x.index) < solver_.conda().version_of(y.index);
    };
    const SolvableId oldest = *std::ranges::min_element(solvables, older);
    const SolvableId newest = *std::ranges::max_element(solvables, older);
    const std::string text = solvable(oldest);
    return {solvable(newest).substr(name(newest).size() + 1), text.substr(0, text.rfind(' '))};
}

std::string ReasonText::version_range(const std::vector<SolvableId>& solvables, bool all) const {
    if (solvables.empty()) return "nothing";
    const SolvableId first = solvables.front();
    const SolvableId last = solvables.back();
    if (solvable(first) == solvable(last)) return solvable(first);
    const auto [newest, oldest] = newest_and_oldest(solvables);
    if (newest && !all) return *oldest + " to " + *newest;
    std::map<std::string, std::pair<SolvableId, SolvableId>> by_name;
    for (const SolvableId id : solvables) {
        const auto [entry, is_new] = by_name.try_emplace(name(id), id, id);
        entry->second.second = id;
    }
    std::string text;
    std::size_t named = 0;
    for (const auto& [called, range] : by_name) {
        if (++named > 3) return text + " and " + std::to_string(by_name.size() - 3) + " more";
        if (!text.empty()) text += ", ";
        text += range.first == range.second || solvable(range.first) == solvable(range.second)
                    ? solvable(range.first)
                    : "every candidate of " + called;
    }
    return text;
}

std::string ReasonText::candidates(KeyId id, const Pruning& pruning) const {
    std::vector<SolvableId> live;
    for (const SolvableId provider : round_.problem.keys[id]) {
        if (pruning.alive(provider)) live.push_back(provider);
    }
    return version_range(live.empty() ? round_.problem.keys[id] : live, true);
}

std::string ReasonText::providers_dead_by(KeyId key, const Death& death, const Pruning& pruning) const {
    std::vector<SolvableId> same;
    for (const SolvableId id : round_.problem.keys[key]) {
        if (pruning.deaths[id].why == death.why && pruning.deaths[id].key == death.key) same.push_back(id);
    }
    const auto counts = [&](SolvableId id) { return !is_way_out(key, id); };
    const auto all = std::ranges::count_if(round_.problem.keys[key], counts);
    return version_range(same, std::ranges::count_if(same, counts) == all);
}

bool ReasonText::is_way_out(KeyId key, SolvableId provider) const {
    return round_.meanings[key].kind == KeyMeaning::Kind::dependency &&
           round_.origins[provider].kind == Origin::Kind::record && name(provider) == "python";
}

std::string ReasonText::asker(KeyId id, const Pruning& pruning) const {
    const Forced& forced = pruning.forced[id];
    if (!forced.is_job && forced.forced) return candidates(forced.by, pruning);
    return "`" + key(id) + "`";
}

std::string ReasonText::both(SolvableId id, KeyId one, KeyId other) const {
    return "so " + name(id) + " would have to be both `" + key(one) + "` and `" + key(other) + "`";
}

std::string ReasonText::lack_of_cuda(unsigned major, const std::string& driver) const {
    const CudaLimits limits = cuda_limits_of(solver_.request().target);
    if (const auto gpu = limits.gpu_without_code(major); gpu && limits.driver_major >= major)
        return "it has no code for a GPU of architecture " + gpu->text();
    const std::string_view oldest = oldest_driver_of(major);
    if (oldest.empty()) return driver;
    return driver + " (CUDA " + std::to_string(major) + " needs driver " + std::string(oldest) + " or newer)";
}

// A release that no version of anything could make fit: what it lacks.
std::string ReasonText::refused_build(const KeyMeaning& meaning) const {
    const Project& project = solver_.pypi()[meaning.index];
    const Release& release = project.releases[meaning.release];
    const std::string called = project.name + " " + release.text;
    if (meaning.kind == KeyMeaning::Kind::gpu_build)
        return called + " is a build for the CPU, and there are builds for this target's GPUs";
    if (meaning.kind == KeyMeaning::Kind::cuda_extra)
        return called + " does not have the CUDA that was asked for, a newer release does";
    const auto gpu = gpu_without_code(project, release, cuda_limits_of(solver_.request().target));
    const std::string built = code_evidence(project, release);
    return called + " has no code for a GPU of architecture " + (gpu ? gpu->text() : "of the target") +
           (built.empty() ? std::string() : " (" + built + ")");
}

std::string ReasonText::nothing_provides(KeyId id) const {
    const KeyMeaning& meaning = round_.meanings[id];
    if (meaning.kind == KeyMeaning::Kind::dependency) {
        const PypiDependency& dependency = solver_.pypi().dependency(meaning.index);
        return blame(unusable_releases(solver_, dependency, "`" + dependency_text(dependency) + "`"));
    }
    const auto& cuda = solver_.request().target.cuda;
    const std::string driver =
        cuda ? "the target's driver supports CUDA " + *cuda : "the target has no CUDA driver";
    const std::string asked = key(id);
    if (meaning.kind == KeyMeaning::Kind::cuda)
        return asked + " is not to be had: " + lack_of_cuda(meaning.index, driver);
    if (meaning.kind == KeyMeaning::Kind::gpu_code || meaning.kind == KeyMeaning::Kind::cuda_extra ||
        meaning.kind == KeyMeaning::Kind::gpu_build) {
        return refused_build(meaning);
    }
    if (meaning.kind == KeyMeaning::Kind::spec) {
        const std::string_view name = solver_.conda().spec_name(meaning.index);
        if (name.starts_with("__cuda")) return "nothing provides " + asked + ": " + driver;
        if (name.starts_with("__")) return "the target does not provide " + asked;
        return blame(unusable_records(solver_, meaning.index, asked));
    }
    return "nothing provides " + asked;
}

std::string ReasonText::blame(Unusable unusable) const {
    blamed_.python = blamed_.python || unusable.python;
    blamed_.channel_priority = blamed_.channel_priority || unusable.channel_priority;
    blamed_.prerelease = blamed_.prerelease || unusable.prerelease;
    blamed_.sources.merge(unusable.sources);
    return std::move(unusable.sentence);
}

std::string ReasonText::excluded(SolvableId by, KeyId conflict, const std::string& others) const {
    const KeyMeaning& meaning = round_.meanings[conflict];
    const std::string spec = meaning.kind == KeyMeaning::Kind::not_spec
                                 ? readable(solver_.conda().spec(meaning.index))
                                 : std::string();
    if (!spec.empty()) return solvable(by) + " goes only with `" + spec + "`, not with " + others;
    if (meaning.kind == KeyMeaning::Kind::identity) {
        return solvable(by) + " and " + others + " carry the same distribution, `" +
               solver_.pypi()[meaning.index].name + "`: one of them can be installed";
    }
    if (meaning.kind == KeyMeaning::Kind::other_major) {
        names_cuda_ = true;
        return solvable(by) + " is of another CUDA major than " + others + ": an environment has one";
    }
    return solvable(by) + " does not go with " + others;
}

}  // namespace aimlock::engine
