#include "solver/engine/solv.hpp"

#include <algorithm>
#include <chrono>

#include "solver/engine/problem.hpp"

namespace aimlock::engine {
namespace {

/// The pool of one problem. Solvable i of the problem is libsolv's `first + i`.
struct LoadedPool {
    std::unique_ptr<::Pool, FreeSolv> pool;
    ::Id first = 0;
    std::vector<::Id> key_ids;
};

::Id string_id(::Pool* pool, const std::string& text) {
    return ::pool_str2id(pool, text.c_str(), 1);
}

void load_solvables(const Problem& problem, LoadedPool& loaded) {
    ::Pool* pool = loaded.pool.get();
    ::Repo* repo = ::repo_create(pool, "joint");
    std::vector<::Id> name_ids;
    name_ids.reserve(problem.names.size());
    for (const std::string& name : problem.names) name_ids.push_back(string_id(pool, name));
    loaded.key_ids.reserve(problem.keys.size());
    for (std::size_t k = 0; k < problem.keys.size(); ++k) {
        loaded.key_ids.push_back(string_id(pool, "#" + std::to_string(k)));
    }
    loaded.first = ::repo_add_solvable_block(repo, static_cast<int>(problem.solvables.size()));
    for (std::size_t i = 0; i < problem.solvables.size(); ++i) {
        const Problem::Solvable& from = problem.solvables[i];
        ::Solvable* to = ::pool_id2solvable(pool, loaded.first + static_cast<::Id>(i));
        to->name = name_ids[from.name];
        to->evr = string_id(pool, std::to_string(from.rank));
        to->arch = ARCH_NOARCH;
        // Without its own name among the provides, libsolv installs two versions of it and name jobs find
        // nothing.
        to->dep_provides = ::repo_addid_dep(repo, to->dep_provides, to->name, 0);
        for (const KeyId key : from.requirements) {
            to->dep_requires = ::repo_addid(repo, to->dep_requires, loaded.key_ids[key]);
        }
        for (const KeyId key : from.conflicts) {
            to->dep_conflicts = ::repo_addid(repo, to->dep_conflicts, loaded.key_ids[key]);
        }
    }
}

void load_keys(const Problem& problem, LoadedPool& loaded) {
    ::Pool* pool = loaded.pool.get();
    ::pool_createwhatprovides(pool);
    SolvQueue providers;
    for (std::size_t k = 0; k < problem.keys.size(); ++k) {
        providers.clear();
        for (const SolvableId id : problem.keys[k]) providers.push(loaded.first + static_cast<::Id>(id));
        ::pool_set_whatprovides(pool, loaded.key_ids[k], ::pool_queuetowhatprovides(pool, providers.raw()));
    }
}

}  // namespace

std::optional<std::vector<SolvableId>> solve_problem(const Problem& problem, double& spent_ms) {
    const auto start = std::chrono::steady_clock::now();
    LoadedPool loaded{std::unique_ptr<::Pool, FreeSolv>(::pool_create()), 0, {}};
    load_solvables(problem, loaded);
    load_keys(problem, loaded);

    SolvQueue jobs;
    for (const KeyId key : problem.jobs) {
        jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES);
        jobs.push(loaded.key_ids[key]);
    }
    // Of weak jobs that cannot be met together libsolv lets go the last.
    for (const KeyId key : problem.wishes) {
        jobs.push(SOLVER_INSTALL | SOLVER_SOLVABLE_PROVIDES | SOLVER_WEAK);
        jobs.push(loaded.key_ids[key]);
    }
    const std::unique_ptr<::Solver, FreeSolv> solver(::solver_create(loaded.pool.get()));
    ::solver_set_flag(solver.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
    const int problems = ::solver_solve(solver.get(), jobs.raw());

    std::optional<std::vector<SolvableId>> installed;
    if (problems == 0) {
        SolvQueue decisions;
        ::solver_get_decisionqueue(solver.get(), decisions.raw());
        installed.emplace();
        for (int i = 0; i < decisions.size(); ++i) {
            if (decisions[i] >= loaded.first)
                installed->push_back(static_cast<SolvableId>(decisions[i] - loaded.first));
        }
        std::ranges::sort(*installed);
    }
    spent_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    return installed;
}

}  // namespace aimlock::engine
