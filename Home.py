"""The whole job on one page: choose, Analyze, five rows."""

from maestro.ui import analysis, projects, shell, uploads

project_id = shell.page("Home")
if project_id is not None:
    analysis.header(project_id)
uploads.inputs(project_id)
if project_id is not None:
    analysis.body(project_id)
projects.show(project_id)
